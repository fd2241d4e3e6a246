/* What a credential is: the ways to sign in, and its topic roles as links. */

import type { VNode } from 'preact';
import { pathOf } from '../app/router';
import type { Credential } from '../api/types';

export function SignsInWith({ credential }: { credential: Credential }): VNode {
    return credential.has_password ? (
        <span class="dim">{credential.has_scram ? 'password, SCRAM' : 'password'}</span>
    ) : (
        <span class="dim">certificate only</span>
    );
}

export function RoleTags({ names }: { names: readonly string[] }): VNode {
    return names.length === 0 ? (
        <span class="faint">none</span>
    ) : (
        <span class="row wrap tags">
            {names.map((name) => (
                <a
                    key={name}
                    class="tag"
                    href={pathOf({ name: 'security', tab: 'roles', item: name })}
                >
                    {name}
                </a>
            ))}
        </span>
    );
}
