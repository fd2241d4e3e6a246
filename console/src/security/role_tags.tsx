/* What a credential is: the ways to sign in, and its topic roles as links. */

import type { VNode } from 'preact';
import { pathOf } from '../app/router';
import type { Credential } from '../api/types';
import { plural } from '../format/number';

export function SignsInWith({ credential }: { credential: Credential }): VNode {
    const ways = [
        credential.has_password ? 'password' : '',
        credential.certificates > 0 ? plural(credential.certificates, 'certificate') : '',
    ].filter((way) => way !== '');
    return ways.length === 0 ? (
        <span class="faint">nothing yet</span>
    ) : (
        <span class="dim">{ways.join(', ')}</span>
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
