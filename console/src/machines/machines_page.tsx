/* Machines: all of them in one windowed list, with search, state and order. */

import { signal, useSignalEffect, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import { pathOf, type Place } from '../app/router';
import type { Scope } from '../app/scope';
import { valueOf, type Page } from '../app/store';
import type { Machine } from '../api/types';
import { count, plural, rate } from '../format/number';
import { age, absolute } from '../format/time';
import { Segmented } from '../ui/button';
import { Icon } from '../ui/icon';
import { Head } from '../ui/section';
import { Shape } from '../ui/shape';
import { Bars, Empty, Failed } from '../ui/states';
import { Marked } from '../ui/text';
import { useWindow } from '../ui/window';
import { MachineRows, readListQuery, type Sort, type StateFilter } from './list';
import { connectionText, seenAt_ms, stateOf } from './words';
import './machines.css';

interface State {
    list: MachineRows;
    /** The row that the arrow keys are on; -1 is none. */
    at: Signal<number>;
    scrollTo: (row: number) => void;
}

export function openMachines(app: App, place: Place, scope: Scope): Page {
    const list = new MachineRows(app, scope, readListQuery(place.query));
    const state: State = { list, at: signal(-1), scrollTo: () => {} };
    void list.reload();
    const readAgain = scope.debounce(1_000, () => void list.reload());
    scope.effect(() => {
        const known = valueOf(app.store.stats.value)?.machines_known;
        if (known !== undefined && isSmallAndOther(list, known)) {
            readAgain();
        }
    });
    return {
        view: () => <Machines app={app} state={state} />,
        find: () => document.getElementById('machine-search')?.focus(),
        onQuery: (query) => list.choose(readListQuery(query)),
        onKey: (event) => onKey(app, state, event),
    };
}

const small_rows = 400;
/** Columns that no width of the page hides. */
const columns_always = 4;

/** Machines came or went: a short, unfiltered list is read again by itself. */
function isSmallAndOther(list: MachineRows, known: number): boolean {
    const { q, state } = list.query.peek();
    const isPlain = q === '' && state === 'all' && list.load.peek().phase === 'ready';
    return isPlain && list.total.peek() !== known && list.total.peek() <= small_rows;
}

function onKey(app: App, state: State, event: KeyboardEvent): boolean {
    const rows = state.list.rows.peek();
    const at = state.at.peek();
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        const next = at < 0 ? 0 : at + (event.key === 'ArrowDown' ? 1 : -1);
        state.at.value = Math.max(0, Math.min(rows.length - 1, next));
        state.scrollTo(state.at.value);
        return true;
    }
    const row = rows[at];
    if (event.key === 'Enter' && row) {
        app.router.go(pathOf({ name: 'machine', id: row.id }));
        return true;
    }
    return false;
}

function Machines({ app, state }: { app: App; state: State }): VNode {
    const { list } = state;
    const stats = valueOf(app.store.stats.value);
    return (
        <>
            <Head
                title="Machines"
                actions={
                    <a class="btn" href="/connect">
                        <Icon name="plus" />
                        Connect a machine
                    </a>
                }
            >
                <p>
                    {stats && (
                        <>
                            <span class="n">{count(stats.connections)} online</span> of{' '}
                            <span class="n">{plural(stats.machines_known, 'machine')}</span>,{' '}
                            <span class="n">
                                {rate(Math.round(stats.messages_in_per_s))}
                                <u>msg/s</u>
                            </span>{' '}
                            in. Rows on screen refresh by themselves.
                        </>
                    )}
                </p>
            </Head>
            <Tools list={list} />
            <Body app={app} state={state} />
        </>
    );
}

function Tools({ list }: { list: MachineRows }): VNode {
    const query = list.query.value;
    const isNarrowed = query.q !== '' || query.state !== 'all';
    return (
        <div class="tools">
            <div class="in-ic">
                <Icon name="search" />
                <input
                    id="machine-search"
                    class="in mono"
                    type="search"
                    placeholder="Part of a name"
                    aria-label="Search machines by name"
                    autocomplete="off"
                    spellcheck={false}
                    value={query.q}
                    onInput={(event) =>
                        list.choose({ ...list.query.peek(), q: event.currentTarget.value })
                    }
                />
            </div>
            <Segmented<StateFilter>
                label="State"
                value={query.state}
                choices={[
                    { value: 'all', label: 'All' },
                    { value: 'online', label: 'Online' },
                    { value: 'offline', label: 'Offline' },
                ]}
                onChoose={(state) => list.choose({ ...list.query.peek(), state })}
            />
            <span class="found" role="status">
                {isNarrowed && list.load.value.phase === 'ready'
                    ? `${plural(list.total.value, 'machine matches', 'machines match')}`
                    : ''}
            </span>
        </div>
    );
}

function Body({ app, state }: { app: App; state: State }): VNode {
    const { list } = state;
    const load = list.load.value;
    if (load.phase === 'failed') {
        return (
            <div class="alone">
                <Failed
                    what="The list of machines"
                    problem={load.problem}
                    node={app.store.nodeName.value}
                    still="Machines stay connected."
                    onRetry={() => void list.reload()}
                />
            </div>
        );
    }
    if (load.phase === 'loading') {
        return (
            <div class="alone list-area">
                <Bars rows={8} what="machines" />
            </div>
        );
    }
    if (list.total.value === 0) {
        return (
            <div class="alone list-area">
                <NoRows list={list} />
            </div>
        );
    }
    return <Rows app={app} state={state} />;
}

function NoRows({ list }: { list: MachineRows }): VNode {
    const { q, state } = list.query.value;
    if (q === '' && state === 'all') {
        return (
            <Empty
                title="No machine has connected yet"
                actions={
                    <a class="btn pri" href="/connect">
                        Connect a first machine
                    </a>
                }
            >
                <p>
                    Every MQTT client appears here by its client id, for example{' '}
                    <code>coffee-maker</code>.
                </p>
            </Empty>
        );
    }
    return (
        <Empty
            title="No machine matches"
            actions={
                <button
                    type="button"
                    class="btn"
                    onClick={() => list.choose({ ...list.query.peek(), q: '', state: 'all' })}
                >
                    Show all machines
                </button>
            }
        >
            <p>
                Nothing {state === 'all' ? '' : `that is ${state} `}has <code>{q}</code> in its
                name. Shorter words find more.
            </p>
        </Empty>
    );
}

function Rows({ app, state }: { app: App; state: State }): VNode {
    const { list } = state;
    const handle = useWindow(list.rowCount);
    state.scrollTo = handle.scrollTo;
    const { first, end, before_px, after_px } = handle.window.value;
    useSignalEffect(() => {
        const seen = handle.window.value;
        if (list.rows.value.length > 0) {
            list.see(seen.first, seen.end);
        }
    });
    const rows = list.rows.value;
    const numbers = Array.from({ length: end - first }, (_, index) => first + index);
    const now_ms = app.store.now_ms.value;
    const [from, to] = handle.visible.value;
    return (
        <div class="list-area">
            <div class="tw" ref={handle.area} tabIndex={0} aria-label="Machines">
                <table class="tb fixed machines" aria-rowcount={list.total.value}>
                    <Columns />
                    <HeadRow list={list} />
                    <tbody>
                        <Spacer height_px={before_px} />
                        {numbers.map((index) => (
                            <Row
                                key={rows[index]?.id ?? index}
                                app={app}
                                machine={rows[index]}
                                index={index}
                                isAt={state.at.value === index}
                                words={list.query.value.q.split(/\s+/)}
                                now_ms={now_ms}
                            />
                        ))}
                        <Spacer height_px={after_px} />
                    </tbody>
                </table>
            </div>
            <div class="tfoot">
                <span>
                    Rows {count(from)} to {count(to)} of {count(list.total.value)}
                </span>
                <span class="sp" />
                <Fresher app={app} list={list} />
                <span class="hide-s">
                    <kbd>↑</kbd> <kbd>↓</kbd> move <kbd>Enter</kbd> open <kbd>/</kbd> search
                </span>
            </div>
        </div>
    );
}

/** The node knows of more or fewer machines than this list, and the list is too long to jump. */
function Fresher({ app, list }: { app: App; list: MachineRows }): VNode | null {
    const known = valueOf(app.store.stats.value)?.machines_known ?? 0;
    const { q, state } = list.query.value;
    const difference = known - list.total.value;
    if (q !== '' || state !== 'all' || difference === 0 || list.total.value <= small_rows) {
        return null;
    }
    return (
        <button type="button" class="btn quiet sm" onClick={() => void list.reload()}>
            {difference > 0
                ? `${plural(difference, 'new machine')}: read again`
                : `${plural(-difference, 'machine')} gone: read again`}
        </button>
    );
}

function Columns(): VNode {
    return (
        <colgroup>
            <col class="c-name" />
            <col class="c-state" />
            <col class="c-over x-over" />
            <col class="c-address x-address" />
            <col class="c-rate" />
            <col class="c-rate x-out" />
            <col class="c-total x-total" />
            <col class="c-rate x-wait" />
            <col class="c-seen x-seen" />
        </colgroup>
    );
}

function HeadRow({ list }: { list: MachineRows }): VNode {
    return (
        <thead>
            <tr>
                <SortHead list={list} sort="id" label="Machine" />
                <th>State</th>
                <th class="x-over">Over</th>
                <th class="x-address">Address</th>
                <th class="num">In, msg/s</th>
                <th class="num x-out">Out, msg/s</th>
                <SortHead list={list} sort="messages_in" label="Messages in" kind="num x-total" />
                <th class="num x-wait">Waiting</th>
                <SortHead list={list} sort="last_seen" label="Last seen" kind="num x-seen" />
            </tr>
        </thead>
    );
}

function SortHead(props: { list: MachineRows; sort: Sort; label: string; kind?: string }): VNode {
    const { list, sort } = props;
    const isSorted = list.query.value.sort === sort;
    const direction = sort === 'id' ? 'ascending' : 'descending';
    return (
        <th class={props.kind} aria-sort={isSorted ? direction : undefined}>
            <button
                type="button"
                title={
                    isSorted
                        ? `In this order, ${direction}`
                        : `Order by ${props.label.toLowerCase()}`
                }
                onClick={() => list.choose({ ...list.query.peek(), sort })}
            >
                {props.label}
                {isSorted && <span aria-hidden="true">{sort === 'id' ? ' ↑' : ' ↓'}</span>}
            </button>
        </th>
    );
}

function Spacer({ height_px }: { height_px: number }): VNode {
    return (
        <tr class="spacer" aria-hidden="true">
            <td style={{ height: `${height_px}px` }} />
        </tr>
    );
}

function Row(props: {
    app: App;
    machine: Machine | undefined;
    index: number;
    isAt: boolean;
    words: readonly string[];
    now_ms: number;
}): VNode {
    const { machine, index } = props;
    if (!machine) {
        return (
            <tr data-row aria-rowindex={index + 1}>
                <td colSpan={columns_always}>
                    <span class="sk sk-note" />
                </td>
            </tr>
        );
    }
    const path = pathOf({ name: 'machine', id: machine.id });
    const { status, word } = stateOf(machine);
    const seen_ms = seenAt_ms(machine, props.now_ms);
    return (
        <tr
            data-row
            class={machine.online ? '' : 'soft'}
            aria-rowindex={index + 1}
            aria-selected={props.isAt}
            onClick={(event) => {
                if (!(event.target as Element).closest('a')) {
                    props.app.router.go(path);
                }
            }}
        >
            <td>
                <a href={path}>
                    <Marked text={machine.id} words={props.words} />
                </a>
            </td>
            <td>
                <span class="pill">
                    <Shape status={status} />
                    {word}
                </span>
            </td>
            <td class="x-over dim">{connectionText(machine)}</td>
            <td class="x-address dim">
                {machine.online ? <code>{machine.address}</code> : machine.disconnect_reason}
            </td>
            <td class="num">{rate(machine.messages_in_per_s)}</td>
            <td class="num x-out">{rate(machine.messages_out_per_s)}</td>
            <td class="num x-total">{count(machine.messages_in_total)}</td>
            <td class="num x-wait">
                {machine.queued_messages === 0 ? (
                    <span class="faint">0</span>
                ) : (
                    count(machine.queued_messages)
                )}
            </td>
            <td class="num x-seen faint" title={seen_ms === null ? '' : absolute(seen_ms)}>
                {machine.online ? 'now' : seen_ms === null ? 'never' : age(props.now_ms - seen_ms)}
            </td>
        </tr>
    );
}
