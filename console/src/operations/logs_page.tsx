/* Client logs: every packet from and to one client for a while, whatever the level of the log. The
   list of who is logged, and the packets of the one that is looked at. */

import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import { pathOf, type Place } from '../app/router';
import { Resource } from '../app/resource';
import type { Scope } from '../app/scope';
import type { Page } from '../app/store';
import { problemText } from '../api/client';
import type { List, LogClient, LogDetail, LoggedPacket } from '../api/types';
import { count, plural } from '../format/number';
import { absolute, clockMillis, duration, parseTime } from '../format/time';
import { CopyButton } from '../ui/button';
import { Field, noteId } from '../ui/field';
import { FormDialog } from '../ui/form_dialog';
import { Icon } from '../ui/icon';
import { Loaded } from '../ui/loaded';
import { Section } from '../ui/section';
import { Empty } from '../ui/states';
import { DataTable } from '../ui/table';
import { OperationsFrame } from './frame';

const read_every_ms = 2_000;
const packets_every_ms = 1_000;

interface State {
    logs: Resource<List<LogClient>>;
    rows: ReadonlySignal<readonly LogClient[]>;
    /** The client whose packets are shown. */
    chosen: Signal<string | null>;
    packets: Resource<LogDetail>;
    lines: ReadonlySignal<readonly LoggedPacket[]>;
    choose: (client: string | null) => void;
}

export function openLogs(app: App, place: Place, scope: Scope): Page {
    const logs = new Resource<List<LogClient>>(app, scope, () => '/api/v1/log-clients');
    const chosen = signal<string | null>(null);
    const packets = new Resource<LogDetail>(
        app,
        scope,
        () => `/api/v1/log-clients/${encodeURIComponent(chosen.peek() ?? '')}`,
    );
    const state: State = {
        logs,
        rows: computed(() => logs.value.value?.items ?? []),
        chosen,
        packets,
        lines: computed(() => [...(packets.value.value?.items ?? [])].reverse()),
        choose: (client) => {
            packets.value.value = null;
            packets.problem.value = null;
            chosen.value = client;
            if (client !== null) {
                void packets.read();
            }
        },
    };
    if (app.mayAct('operator')) {
        logs.poll(read_every_ms);
        scope.effect(() => {
            const first = state.rows.value[0];
            if (first && chosen.peek() === null) {
                queueMicrotask(() => state.choose(first.client));
            }
        });
        if (!app.isStill) {
            scope.every(packets_every_ms, () => {
                if (chosen.peek() !== null && !document.hidden) {
                    void packets.read();
                }
            });
        }
        const client = place.query.get('client');
        if (client !== null) {
            app.router.setQuery({ client: '' });
            queueMicrotask(() => openAdd(app, state, client));
        }
    }
    return { view: () => <Logs app={app} state={state} /> };
}

interface Props {
    app: App;
    state: State;
}

function Logs({ app, state }: Props): VNode {
    const { logs, rows } = state;
    const known = logs.value.value;
    return (
        <OperationsFrame
            app={app}
            tab="logs"
            needs="operator"
            what="Logging clients"
            sentence={
                known === null || known.items.length === 0
                    ? 'Every packet from and to one client, for a while.'
                    : `${plural(known.items.length, 'client is', 'clients are')} logged now.`
            }
            actions={
                !logs.isAbsent && (
                    <button type="button" class="btn pri" onClick={() => openAdd(app, state, '')}>
                        <Icon name="plus" />
                        Log a client
                    </button>
                )
            }
        >
            {() => (
                <>
                    <Section title="Logged clients" kind="flush">
                        <div class={rows.value.length === 0 ? 'alone' : ''}>
                            <Loaded app={app} of={logs} what="the logged clients">
                                {() =>
                                    rows.value.length === 0 ? (
                                        <None />
                                    ) : (
                                        <LogTable app={app} state={state} />
                                    )
                                }
                            </Loaded>
                        </div>
                    </Section>
                    {state.chosen.value !== null && <Packets app={app} state={state} />}
                </>
            )}
        </OperationsFrame>
    );
}

function None(): VNode {
    return (
        <Empty title="No client is logged">
            <p>
                Log one, for example <code>press-07</code>, to see its packets here and in the
                node’s log. To see what becomes of a message, use{' '}
                <a href="/operations/trace">Trace</a>.
            </p>
        </Empty>
    );
}

function LogTable({ app, state }: Props): VNode {
    const now_ms = app.store.now_ms.value;
    const chosen = state.chosen.value;
    return (
        <DataTable<LogClient>
            label="logged clients"
            rows={state.rows}
            keyOf={(row) => row.client}
            columns={[
                {
                    head: 'Client',
                    cell: (row) => (
                        <button
                            type="button"
                            class="btn quiet sm flush"
                            aria-pressed={row.client === chosen}
                            onClick={() => state.choose(row.client)}
                        >
                            {row.client}
                        </button>
                    ),
                },
                { head: 'Packets', kind: 'num', cell: (row) => count(row.packets) },
                {
                    head: 'Ends',
                    kind: 'num',
                    cell: (row) => (
                        <span class="dim">
                            in {duration((parseTime(row.ends_at) ?? now_ms) - now_ms)}
                        </span>
                    ),
                },
                {
                    head: 'Begun by',
                    kind: 'x-s',
                    cell: (row) => <code class="dim">{row.started_by}</code>,
                },
                {
                    head: '',
                    kind: 'num acts',
                    cell: (row) => (
                        <button
                            type="button"
                            class="btn sm"
                            aria-label={`Stop logging ${row.client}`}
                            onClick={() => void stop(app, state, row.client)}
                        >
                            Stop
                        </button>
                    ),
                },
            ]}
        />
    );
}

function linesText(lines: readonly LoggedPacket[]): string {
    return lines
        .map((line) => `${line.at}  ${line.direction.padEnd(3)}  ${line.packet}  ${line.text}`)
        .join('\n');
}

function Packets({ app, state }: Props): VNode {
    const client = state.chosen.value ?? '';
    return (
        <Section
            title={`Packets of ${client}`}
            note="the newest first"
            kind="flush"
            actions={
                <>
                    <a class="btn quiet sm" href={pathOf({ name: 'machine', id: client })}>
                        Open machine
                    </a>
                    <CopyButton
                        label="Copy as text"
                        text={() => linesText([...state.lines.peek()].reverse())}
                    />
                </>
            }
        >
            <div class={state.lines.value.length === 0 ? 'inset' : ''}>
                <Loaded app={app} of={state.packets} what="the packets">
                    {() =>
                        state.lines.value.length === 0 ? (
                            <p class="dim">None yet. The next packet appears here by itself.</p>
                        ) : (
                            <PacketTable lines={state.lines} />
                        )
                    }
                </Loaded>
            </div>
        </Section>
    );
}

function PacketTable({ lines }: { lines: State['lines'] }): VNode {
    return (
        <DataTable<LoggedPacket>
            label="packets"
            rows={lines}
            keyOf={(line) =>
                `${line.at} ${line.direction} ${line.packet} ${line.packet_id} ${line.text}`
            }
            columns={[
                {
                    head: 'When',
                    cell: (line) => {
                        const at_ms = parseTime(line.at) ?? 0;
                        return (
                            <time class="mono" title={absolute(at_ms)}>
                                {clockMillis(at_ms)}
                            </time>
                        );
                    },
                },
                {
                    head: 'Way',
                    cell: (line) => (
                        <span class="row dim">
                            <Icon name={line.direction === 'in' ? 'up' : 'drop'} />
                            <span class="hide-s">
                                {line.direction === 'in' ? 'from it' : 'to it'}
                            </span>
                        </span>
                    ),
                },
                {
                    head: 'Packet',
                    cell: (line) => (
                        <>
                            <b class="strong">{line.packet}</b>
                            <div class="only-s small broken">{line.text}</div>
                        </>
                    ),
                },
                { head: 'What', kind: 'x-s', cell: (line) => <code>{line.text}</code> },
            ]}
        />
    );
}

async function stop(app: App, state: State, client: string): Promise<void> {
    const result = await app.client.remove(`/api/v1/log-clients/${encodeURIComponent(client)}`);
    if (result.ok) {
        app.toast(`${client} is logged as everybody else`);
    } else {
        app.toastProblem(`${client} stays logged`, result.problem);
    }
    if (state.chosen.peek() === client) {
        state.choose(null);
    }
    void state.logs.read();
}

function openAdd(app: App, state: State, first: string): void {
    const client = signal(first);
    const seconds = signal(600);
    const add = async (): Promise<string | null> => {
        const id = client.value.trim();
        if (id === '') {
            return 'A client id is needed.';
        }
        const path = `/api/v1/log-clients/${encodeURIComponent(id)}`;
        const result = await app.client.put(path, { seconds: seconds.value });
        if (!result.ok) {
            return problemText(result.problem);
        }
        app.closeDialog();
        app.toast(`${id} is logged packet by packet`);
        state.choose(id);
        void state.logs.read();
        return null;
    };
    app.openDialog(() => (
        <FormDialog
            title="Log a client"
            act="Log it"
            busy="Asking the node"
            onAct={add}
            onClose={() => app.closeDialog()}
        >
            <Field id="log-client" label="Client id" note="It need not be connected yet.">
                <input
                    class="in mono"
                    id="log-client"
                    data-first
                    autocomplete="off"
                    spellcheck={false}
                    value={client.value}
                    aria-describedby={noteId('log-client')}
                    onInput={(event) => (client.value = event.currentTarget.value)}
                />
            </Field>
            <Field id="log-span" label="For">
                <select
                    class="in"
                    id="log-span"
                    value={seconds.value}
                    onChange={(event) => (seconds.value = Number(event.currentTarget.value))}
                >
                    {[600, 3_600, 86_400].map((one) => (
                        <option key={one} value={one}>
                            {duration(one * 1000)}
                        </option>
                    ))}
                </select>
            </Field>
        </FormDialog>
    ));
}
