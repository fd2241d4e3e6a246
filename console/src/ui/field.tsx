/* A field with its label and its note. The note says what is allowed, and what is wrong in red;
   it is tied to the field and is no part of its name. */

import type { ComponentChildren, VNode } from 'preact';

export function Field({
    id,
    label,
    note,
    problem = null,
    children,
}: {
    id: string;
    label: string;
    note?: ComponentChildren;
    problem?: string | null;
    /** The control: it carries `id`, and `aria-describedby` with `noteId(id)`. */
    children: ComponentChildren;
}): VNode {
    return (
        <div class="fld">
            <label for={id}>{label}</label>
            {children}
            {(problem !== null || note !== undefined) && (
                <small id={noteId(id)} class={problem === null ? '' : 'c-crit'}>
                    {problem ?? note}
                </small>
            )}
        </div>
    );
}

export function noteId(id: string): string {
    return `${id}-note`;
}
