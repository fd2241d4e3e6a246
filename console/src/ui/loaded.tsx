/* A resource in whatever state it is: bars, the answer, the last answer with a line that says since
   when, a failure, or a calm word that this node does not have it. */

import type { ComponentChildren, VNode } from 'preact';
import type { App } from '../app/app';
import type { Resource } from '../app/resource';
import { problemText } from '../api/client';
import { clock } from '../format/time';
import { Shape } from './shape';
import { Bars, Failed } from './states';

export function Loaded<T>(props: {
    app: App;
    of: Resource<T>;
    /** As in "Reading limits", "The limits could not be read". */
    what: string;
    still?: string;
    rows?: number;
    children: (value: T) => ComponentChildren;
}): VNode {
    const { app, of, what } = props;
    const value = of.value.value;
    const problem = of.problem.value;
    if (of.isAbsent) {
        return <Absent what={what} />;
    }
    if (value === null) {
        return problem === null ? (
            <Bars rows={props.rows ?? 4} what={what} />
        ) : (
            <Failed
                what={`${what.charAt(0).toUpperCase()}${what.slice(1)}`}
                problem={problem}
                node={app.store.nodeName.value}
                {...(props.still === undefined ? {} : { still: props.still })}
                onRetry={() => void of.read()}
            />
        );
    }
    const read_ms = of.read_ms.value;
    return (
        <>
            {problem !== null && (
                <p class="since small" role="status">
                    <Shape status="stale" label="Not live" />
                    As of {read_ms === null
                        ? 'before'
                        : clock(read_ms + app.store.skew_ms.value)}: {problemText(problem)}
                </p>
            )}
            <div class={problem === null ? 'fresh-part' : 'not-live'}>{props.children(value)}</div>
        </>
    );
}

/** What another node may have, and this one does not: no failure, and nothing to do. */
export function Absent({ what }: { what: string }): VNode {
    return (
        <p class="absent dim">
            <Shape status="unknown" />
            <span>Not available on this node: its version has no {what.replace(/^the /, '')}.</span>
        </p>
    );
}
