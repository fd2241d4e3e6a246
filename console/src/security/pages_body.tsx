/* A list in pages of the node, in whatever state it is. */

import type { ComponentChildren, VNode } from 'preact';
import type { App } from '../app/app';
import type { Pages } from '../app/resource';
import type { List } from '../api/types';
import { Absent } from '../ui/loaded';
import { Bars, Failed } from '../ui/states';

export function PagesBody<T, L extends List<T>>(props: {
    app: App;
    pages: Pages<T, L>;
    /** "the users". */
    what: string;
    still?: string;
    empty: () => ComponentChildren;
    children: () => ComponentChildren;
}): VNode {
    const { app, pages, what } = props;
    const problem = pages.problem.value;
    if (pages.isAbsent) {
        return (
            <div class="inset">
                <Absent what={what} />
            </div>
        );
    }
    if (problem !== null) {
        return (
            <div class="alone">
                <Failed
                    what={`${what.charAt(0).toUpperCase()}${what.slice(1)}`}
                    problem={problem}
                    node={app.store.nodeName.value}
                    {...(props.still === undefined ? {} : { still: props.still })}
                    onRetry={() => void pages.reload()}
                />
            </div>
        );
    }
    if (!pages.isRead.value) {
        return (
            <div class="alone">
                <Bars rows={4} what={what} />
            </div>
        );
    }
    return <>{pages.rows.value.length === 0 ? props.empty() : props.children()}</>;
}
