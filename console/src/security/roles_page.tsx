/* Topic roles: what machines, keys and users may publish and subscribe to. The list, and one role
   with its rules, which are edited here unless they are built in or come from a file. */

import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import { pathOf, type Place } from '../app/router';
import { Pages } from '../app/resource';
import type { Scope } from '../app/scope';
import type { Page } from '../app/store';
import type { RoleList, TopicRole } from '../api/types';
import { count, plural } from '../format/number';
import { date, parseTime } from '../format/time';
import { Field, noteId } from '../ui/field';
import { FormDialog } from '../ui/form_dialog';
import { Icon } from '../ui/icon';
import { NoteLine, Section } from '../ui/section';
import { Pill, Shape } from '../ui/shape';
import { DataTable } from '../ui/table';
import { SecurityFrame } from './frame';
import { PagesBody } from './pages_body';
import { originOf } from './rules';
import { wordProblem } from './words';

type Roles = Pages<TopicRole, RoleList>;

export function openRoles(app: App, place: Place, scope: Scope): Page {
    const roles: Roles = new Pages(scope, () => '/api/v1/roles');
    if (app.mayAct('admin')) {
        void roles.reload();
        if (place.query.get('new') !== null) {
            app.router.setQuery({ new: '' });
            queueMicrotask(() => askName(app));
        }
    }
    return { view: () => <RolesView app={app} roles={roles} /> };
}

function RolesView({ app, roles }: { app: App; roles: Roles }): VNode {
    const file_problem = roles.head.value?.file_problem ?? null;
    return (
        <SecurityFrame
            app={app}
            tab="roles"
            needs="admin"
            what="Managing topic roles"
            sentence={
                roles.isRead.value
                    ? sentenceOf(roles.rows.value)
                    : 'What machines, keys and users may publish and subscribe to.'
            }
            actions={
                !roles.isAbsent && (
                    <>
                        <a class="btn" href="/security/test">
                            Try a right
                        </a>
                        <button type="button" class="btn pri" onClick={() => askName(app)}>
                            <Icon name="plus" />
                            Write a role
                        </button>
                    </>
                )
            }
        >
            {() => (
                <>
                    {file_problem !== null && (
                        <NoteLine level="crit" shape={<Shape status="crit" label="Problem" />}>
                            <b class="strong">The file of roles could not be read again.</b> Its
                            roles stay as they were: <code>{file_problem}</code>
                        </NoteLine>
                    )}
                    <Section title="Topic roles" kind="flush">
                        <PagesBody
                            app={app}
                            pages={roles}
                            what="the topic roles"
                            empty={() => null}
                        >
                            {() => <RoleTable roles={roles} />}
                        </PagesBody>
                    </Section>
                </>
            )}
        </SecurityFrame>
    );
}

/** "6 topic roles, 2 of your own, 1 from a file." */
function sentenceOf(roles: readonly TopicRole[]): string {
    const counted = (origin: string): number =>
        roles.filter((role) => originOf(role) === origin).length;
    const file = counted('from a file');
    const parts = [
        plural(roles.length, 'topic role'),
        `${count(counted('yours'))} of your own`,
        ...(file > 0 ? [`${count(file)} from a file`] : []),
    ];
    return `${parts.join(', ')}.`;
}

function RoleTable({ roles }: { roles: Roles }): VNode {
    return (
        <DataTable<TopicRole>
            label="topic roles"
            rows={roles.rows}
            hasMore={roles.hasMore.value}
            onEnd={() => void roles.more()}
            keyOf={(role) => role.name}
            columns={[
                {
                    head: 'Role',
                    cell: (role) => (
                        <a href={pathOf({ name: 'security', tab: 'roles', item: role.name })}>
                            {role.name}
                        </a>
                    ),
                },
                { head: 'Origin', cell: (role) => <span class="tag">{originOf(role)}</span> },
                { head: 'Rules', kind: 'num', cell: (role) => count(role.rule_count) },
                { head: 'Note', kind: 'x-s', cell: (role) => <NoteOf role={role} /> },
                {
                    head: 'Changed',
                    kind: 'num x-s',
                    cell: (role) => {
                        const at_ms = parseTime(role.updated_at);
                        const never = role.from_file ? 'in the file' : 'never';
                        return <span class="faint">{at_ms === null ? never : date(at_ms)}</span>;
                    },
                },
            ]}
        />
    );
}

function NoteOf({ role }: { role: TopicRole }): VNode {
    return role.problem === null ? (
        <span class="dim">{role.note}</span>
    ) : (
        <Pill status="crit">
            line {role.problem.line}: expected {role.problem.expected}
        </Pill>
    );
}

function askName(app: App): void {
    const name = signal('');
    const go = async (): Promise<string | null> => {
        const wrong = wordProblem(name.value.trim(), 'role');
        if (wrong !== null) {
            return wrong;
        }
        app.closeDialog();
        const path = pathOf({ name: 'security', tab: 'roles', item: name.value.trim() });
        app.router.go(`${path}?new=1`);
        return null;
    };
    app.openDialog(() => (
        <FormDialog
            title="Write a role"
            act="Write its rules"
            busy="Opening"
            onAct={go}
            onClose={() => app.closeDialog()}
        >
            <Field id="role-name" label="Name" note="As machines and keys will name it.">
                <input
                    class="in mono"
                    id="role-name"
                    data-first
                    placeholder="sensor"
                    autocomplete="off"
                    spellcheck={false}
                    maxLength={64}
                    value={name.value}
                    aria-describedby={noteId('role-name')}
                    onInput={(event) => (name.value = event.currentTarget.value)}
                />
            </Field>
        </FormDialog>
    ));
}
