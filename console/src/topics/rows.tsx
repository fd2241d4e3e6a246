/* The rows of the tree: only those in view exist. Indent guides, counts after branches, matches
   marked in name and value, rate bars on a log scale growing from the number. */

import { useSignalEffect } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import type { Topic } from '../api/types';
import { bytesText, count, rate } from '../format/number';
import { absolute, age, parseTime } from '../format/time';
import { Icon } from '../ui/icon';
import { Marked, Payload } from '../ui/text';
import { useWindow } from '../ui/window';
import type { TopicsModel } from './model';
import type { Row, TopicRow } from './tree';

export interface TreeHandle {
    scrollTo: (row: number) => void;
}

const value_chars_max = 140;
/** Columns that no width of the page hides. */
const columns_always = 3;
const rate_decades = 4.3;
/** A row that a link asked for does not stand at the very edge. */
const rows_below_sought = 3;

function indexOf(model: TopicsModel): number {
    const selected = model.selected.peek();
    return model.rows.peek().findIndex((row) => row.key === selected);
}

function goTo(model: TopicsModel, handle: TreeHandle, index: number): boolean {
    const row = model.rows.peek()[index];
    if (row?.kind === 'topic') {
        model.select(row.key);
        handle.scrollTo(index);
    }
    return true;
}

export function moveBy(model: TopicsModel, handle: TreeHandle, by: number): boolean {
    const rows = model.rows.peek();
    let index = indexOf(model);
    do {
        index += by;
    } while (rows[index] !== undefined && rows[index]?.kind !== 'topic');
    return goTo(model, handle, Math.max(0, Math.min(rows.length - 1, index)));
}

export function openOrEnter(model: TopicsModel, handle: TreeHandle): boolean {
    const index = indexOf(model);
    const row = model.rows.peek()[index];
    if (row?.kind !== 'topic') {
        return moveBy(model, handle, 1);
    }
    if (row.node.topic.children > 0 && !row.node.isOpen) {
        model.open(row.node);
        return true;
    }
    return row.node.isOpen ? goTo(model, handle, index + 1) : true;
}

export function closeOrLeave(model: TopicsModel, handle: TreeHandle): boolean {
    const index = indexOf(model);
    const rows = model.rows.peek();
    const row = rows[index];
    if (row?.kind !== 'topic') {
        return true;
    }
    if (row.node.isOpen && model.found.peek() === null) {
        model.close(row.node);
        return true;
    }
    for (let above = index - 1; above >= 0; above -= 1) {
        if ((rows[above]?.depth ?? 0) < row.depth) {
            return goTo(model, handle, above);
        }
    }
    return true;
}

export function TreeRows(props: { app: App; model: TopicsModel; handle: TreeHandle }): VNode {
    const { app, model } = props;
    const view = useWindow(model.rowCount);
    props.handle.scrollTo = view.scrollTo;
    useSignalEffect(() => {
        const { first, end } = view.window.value;
        if (model.rows.value.length > 0) {
            model.see(first, end);
        }
    });
    useSignalEffect(() => {
        const sought = model.sought.value;
        const index = model.rows.value.findIndex((row) => row.key === sought);
        if (sought !== null && index >= 0) {
            model.sought.value = null;
            requestAnimationFrame(() => view.scrollTo(index + rows_below_sought));
        }
    });
    const { first, end, before_px, after_px } = view.window.value;
    const version = model.values.value;
    const rows = version >= 0 ? model.rows.value.slice(first, end) : [];
    const [from, to] = view.visible.value;
    return (
        <>
            <div class="tw" ref={view.area} tabIndex={0} aria-label="Topics">
                <table class="tb fixed" role="treegrid" aria-rowcount={model.rowCount.value}>
                    <TreeColumns />
                    <tbody>
                        <Spacer height_px={before_px} />
                        {rows.map((row, index) => (
                            <AnyRow
                                key={row.key}
                                app={app}
                                model={model}
                                row={row}
                                topic={row.node.topic}
                                index={first + index}
                            />
                        ))}
                        <Spacer height_px={after_px} />
                    </tbody>
                </table>
            </div>
            <div class="tfoot">
                <span>
                    Rows {count(from)} to {count(to)} of {count(model.rowCount.value)} open, in name
                    order
                </span>
                <span class="sp" />
                <span class="keys">
                    <kbd>↑</kbd> <kbd>↓</kbd> move <kbd>→</kbd> open <kbd>p</kbd> publish{' '}
                    <kbd>/</kbd> search
                </span>
            </div>
        </>
    );
}

function TreeColumns(): VNode {
    return (
        <>
            <colgroup>
                <col class="a" />
                <col class="b" />
                <col class="c" />
                <col class="d" />
                <col class="e" />
                <col class="f" />
            </colgroup>
            <thead>
                <tr>
                    <th aria-sort="ascending">Topic</th>
                    <th>Last value</th>
                    <th class="num">msg/s</th>
                    <th class="x-d">Retained</th>
                    <th class="x-e num">Subscribers</th>
                    <th class="x-f num">Age</th>
                </tr>
            </thead>
        </>
    );
}

function Spacer({ height_px }: { height_px: number }): VNode {
    return (
        <tr class="spacer" aria-hidden="true">
            <td style={{ height: `${height_px}px` }} />
        </tr>
    );
}

interface RowProps {
    app: App;
    model: TopicsModel;
    row: Row;
    /** Of the row's node: a row is drawn again when its topic is another one. */
    topic: Topic;
    index: number;
}

function AnyRow(props: RowProps): VNode {
    const { row, model } = props;
    if (row.kind === 'topic') {
        return <TopicLine {...props} row={row} />;
    }
    const text = {
        more: 'More of this level',
        reading: 'Reading',
        failed: 'This level could not be read. Try again',
    }[row.kind];
    return (
        <tr data-row aria-rowindex={props.index + 1} onClick={() => model.readMore(row.node)}>
            <td colSpan={columns_always} class="faint">
                <div class="tp">
                    <Guides depth={row.depth} />
                    <span class="tw1" />
                    {text}
                </div>
            </td>
        </tr>
    );
}

function Guides({ depth }: { depth: number }): VNode {
    return (
        <>
            {Array.from({ length: depth }, (_, index) => (
                <span key={index} class="in1" />
            ))}
        </>
    );
}

function TopicLine({ app, model, row, topic, index }: RowProps & { row: TopicRow }): VNode {
    const { node } = row;
    const isBranch = topic.children > 0;
    const isSelected = model.selected.value === row.key;
    const words = model.found.value === null ? [] : model.search.value.words;
    const toggle = (event: Event): void => {
        event.stopPropagation();
        model.toggle(node);
    };
    return (
        <tr
            data-row
            class={topic.is_topic ? 'leaf' : ''}
            aria-rowindex={index + 1}
            aria-level={row.depth + 1}
            aria-expanded={isBranch ? node.isOpen : undefined}
            aria-selected={isSelected}
            onClick={() => choose(model, row)}
        >
            <td>
                <div class="tp">
                    <Guides depth={row.depth} />
                    {isBranch && model.found.value === null ? (
                        <button
                            type="button"
                            class="tw1"
                            tabIndex={-1}
                            aria-label={node.isOpen ? `Close ${topic.name}` : `Open ${topic.name}`}
                            onClick={toggle}
                        >
                            <Icon name={node.isOpen ? 'down' : 'right'} />
                        </button>
                    ) : (
                        <span class="tw1" />
                    )}
                    <code title={topic.topic}>
                        <Marked
                            text={row.label === '' ? '(empty level)' : row.label}
                            words={words}
                        />
                    </code>
                    {(isBranch || !topic.is_topic) && <span class="br">{count(topic.topics)}</span>}
                </div>
            </td>
            <td class="val">
                <Value topic={topic} isMatch={isMatch(model, topic)} />
            </td>
            <td class="num">
                <RateCell value={topic.messages_per_s} />
            </td>
            <td class="x-d">
                {topic.retained && (
                    <>
                        <Icon name="pin" />
                        <span class="vh">retained</span>
                    </>
                )}
            </td>
            <td class="x-e num">{topic.subscribers > 0 ? count(topic.subscribers) : ''}</td>
            <AgeCell app={app} topic={topic} />
        </tr>
    );
}

/** A tap on a branch opens it as well; on a narrow page the inspector comes into view. */
function choose(model: TopicsModel, row: TopicRow): void {
    const isBranchOnly = !row.node.topic.is_topic;
    if (isBranchOnly && model.found.peek() === null) {
        model.toggle(row.node);
    }
    model.select(row.key);
    if (!isBranchOnly && matchMedia('(max-width: 959px)').matches) {
        document.getElementById('inspector')?.scrollIntoView({ behavior: 'smooth' });
    }
}

/** With a comparison every row that was found matches by its value. */
function isMatch(model: TopicsModel, topic: Topic): boolean {
    return model.found.value !== null && model.search.value.compare !== null && topic.is_topic;
}

function Value({ topic, isMatch: isFound }: { topic: Topic; isMatch: boolean }): VNode | null {
    const { last } = topic;
    if (!last) {
        return null;
    }
    if (last.encoding !== 'text') {
        return <span class="o">binary, {bytesText(last.bytes)}</span>;
    }
    if (last.payload === '') {
        return <span class="o">empty</span>;
    }
    const text = last.payload.slice(0, value_chars_max);
    return isFound ? (
        <mark>
            <Payload text={text} />
        </mark>
    ) : (
        <Payload text={text} />
    );
}

function RateCell({ value }: { value: number }): VNode {
    const share = Math.min(1, Math.log10(value + 1) / rate_decades);
    return (
        <div class="rt">
            <span class="meter">
                <i style={{ width: `${Math.round(share * 100)}%` }} />
            </span>
            <span class={value === 0 ? 'faint' : ''}>{rate(value)}</span>
        </div>
    );
}

function AgeCell({ app, topic }: { app: App; topic: Topic }): VNode {
    const at_ms = parseTime(topic.last?.at);
    if (at_ms === null) {
        return <td class="x-f" />;
    }
    return (
        <td class="x-f num faint" title={absolute(at_ms)}>
            {age(app.store.now_ms.value - at_ms)}
        </td>
    );
}
