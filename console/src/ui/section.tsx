/* The frame of a page: its head and its sections. A section is a hairline with an index mark. */

import type { ComponentChildren, VNode } from 'preact';

export function Head({
    title,
    children,
    actions,
}: {
    title: ComponentChildren;
    children?: ComponentChildren;
    actions?: ComponentChildren;
}): VNode {
    return (
        <div class="head">
            <div class="t">
                <h1>{title}</h1>
                {children}
            </div>
            {actions !== undefined && <div class="acts">{actions}</div>}
        </div>
    );
}

export function Section({
    title,
    note,
    actions,
    kind = '',
    id,
    children,
}: {
    title: ComponentChildren;
    note?: ComponentChildren;
    actions?: ComponentChildren;
    kind?: string;
    id?: string;
    children: ComponentChildren;
}): VNode {
    return (
        <section class={`sec ${kind}`} id={id}>
            <header>
                <h2>{title}</h2>
                {note !== undefined && <span class="note">{note}</span>}
                {actions !== undefined && (
                    <>
                        <span class="sp" />
                        {actions}
                    </>
                )}
            </header>
            {children}
        </section>
    );
}

/** One line across the page, only if something is wrong or runs. */
export function NoteLine({
    level,
    shape,
    children,
    action,
}: {
    level: 'caution' | 'crit' | 'info';
    shape: VNode;
    children: ComponentChildren;
    action?: ComponentChildren;
}): VNode {
    return (
        <div class={`bar-note ${level}`}>
            {shape}
            <span>{children}</span>
            {action}
        </div>
    );
}
