/* The states that every list, chart and page has besides its data: loading, empty, failed, and no
   right. Bars show after 150 ms and the text after 2 s, by the style sheet. */

import type { ComponentChildren, VNode } from 'preact';
import { problemText } from '../api/client';
import type { Problem, Role } from '../api/types';
import { CopyButton } from './button';
import { Shape } from './shape';

export function Bars({ rows, what }: { rows: number; what: string }): VNode {
    return (
        <div class="bars" aria-busy="true">
            {Array.from({ length: rows }, (_, index) => (
                <span key={index} class={`sk sk-${index % 3}`} />
            ))}
            <p class="slow small faint" role="status">
                Reading {what}
            </p>
        </div>
    );
}

export function Empty({
    title,
    children,
    actions,
}: {
    title: string;
    children: ComponentChildren;
    actions?: ComponentChildren;
}): VNode {
    return (
        <div class="empty">
            <h2 class="as-h3">{title}</h2>
            {children}
            {actions !== undefined && <div class="row wrap mt-1">{actions}</div>}
        </div>
    );
}

/** What failed, the reason code of the node, what still works, and what to do. */
export function Failed({
    what,
    problem,
    node,
    still,
    onRetry,
}: {
    what: string;
    problem: Problem;
    node: string;
    still?: string;
    onRetry: () => void;
}): VNode {
    const who = node === '' ? 'The node' : node;
    return (
        <div class="empty failed" role="alert">
            <h2 class="as-h3 row">
                <Shape status="crit" label="Failed" />
                {what} could not be read
            </h2>
            <p>
                {problem.status === 0 ? (
                    <>
                        {who} does not answer. {problem.detail}
                    </>
                ) : (
                    <>
                        {who} answered {problem.status}: <code>{problem.code}</code>.{' '}
                        {problemText(problem)}
                    </>
                )}
                {still !== undefined && ` ${still}`}
            </p>
            <div class="row wrap mt-1">
                <button type="button" class="btn" onClick={onRetry}>
                    Try again
                </button>
                <CopyButton
                    text={JSON.stringify(problem, null, 2)}
                    label="Copy problem"
                    kind="quiet"
                />
            </div>
        </div>
    );
}

/** Names the role that has the right, instead of hiding what exists. */
export function NoRight({ what, role }: { what: string; role: Role }): VNode {
    return (
        <div class="empty">
            <h2 class="as-h3 row">
                <Shape status="off" label="No right" />
                {what} needs the role {role}
            </h2>
            <p>Ask whoever claimed this node, or sign in as a user with that role.</p>
        </div>
    );
}
