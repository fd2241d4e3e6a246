/* The console's roles, and picking one. */

import type { Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { Role } from '../api/types';
import { Section } from '../ui/section';
import { Choices } from './choices';

export const roleNotes: readonly (readonly [Role, string])[] = [
    ['admin', 'manages users, keys and rights, and everything below'],
    ['operator', 'publishes, disconnects, traces, sees limits and storage, and everything below'],
    ['viewer', 'sees machines, topics and what flows, here and over HTTP'],
    ['machine', 'uses MQTT and nothing else'],
];

export function RolePick(props: { role: Signal<Role>; roles?: readonly Role[] }): VNode {
    const { role, roles } = props;
    const shown = roleNotes
        .filter(([one]) => roles === undefined || roles.includes(one))
        .map(([one, note]) => [one, one, note] as const);
    return <Choices legend="Role" name="role" value={role} choices={shown} />;
}

/** What each role may: below users and below keys. */
export function RolesHelp(): VNode {
    return (
        <Section title="Roles" note="each may do what the one below it may">
            <dl class="kv roles">
                {roleNotes.map(([role, note]) => (
                    <>
                        <dt>{role}</dt>
                        <dd>{note}</dd>
                    </>
                ))}
            </dl>
        </Section>
    );
}
