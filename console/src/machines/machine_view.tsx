/* The page of a machine that exists: head, note, readouts, rates, session, subscriptions,
   topics. */

import type { VNode } from 'preact';
import type { App } from '../app/app';
import { queueLimit } from '../app/needs';
import { topicPath } from '../app/router';
import { valueOf } from '../app/store';
import { sentence } from '../api/client';
import type { MachineDetail } from '../api/types';
import { FlowChart } from '../chart/chart';
import { bytes, bytesText, count, plural, rate, readout, tally } from '../format/number';
import { absolute, age, clock, duration, parseTime } from '../format/time';
import { CopyButton } from '../ui/button';
import { Confirm } from '../ui/dialog';
import { Icon } from '../ui/icon';
import { Head, NoteLine, Section } from '../ui/section';
import { Pill, Shape } from '../ui/shape';
import { Stat } from '../ui/stat';
import { Num, When } from '../ui/text';
import { Log } from './log';
import type { MachineState } from './machine_page';
import { connectionText, expiryText, keepAliveText, keeperText, sinceText, stateOf } from './words';

export function MachineView(props: { app: App; state: MachineState; curl: string }): VNode | null {
    const { app, state } = props;
    const machine = state.now.value;
    if (!machine) {
        return null;
    }
    return (
        <>
            <MachineHead app={app} state={state} machine={machine} curl={props.curl} />
            <MachineNote app={app} machine={machine} />
            <Readouts app={app} machine={machine} />
            <div class="cols c-21">
                <Rates app={app} state={state} machine={machine} />
                <SessionFacts machine={machine} />
            </div>
            <div class="cols c-2 grow">
                <div>
                    <Subscriptions machine={machine} />
                    <Published app={app} state={state} machine={machine} />
                </div>
                <Log app={app} state={state} machine={machine} />
            </div>
        </>
    );
}

function MachineHead(props: {
    app: App;
    state: MachineState;
    machine: MachineDetail;
    curl: string;
}): VNode {
    const { app, state, machine } = props;
    const now_ms = app.store.now_ms.value;
    const { status, word } = stateOf(machine);
    const seen_ms = parseTime(machine.last_seen_at);
    const mayAct = app.mayAct('operator');
    return (
        <Head
            title={
                <>
                    <span class="name">{machine.id}</span>
                    <Pill status={status} isFilled>
                        {word}
                    </Pill>
                </>
            }
            actions={
                <>
                    <CopyButton
                        text={props.curl}
                        kind="apib"
                        label={
                            <>
                                <b>GET</b>/machines/{machine.id}
                            </>
                        }
                    />
                    {machine.online && (
                        <button
                            type="button"
                            class="btn danger"
                            disabled={!mayAct}
                            title={mayAct ? undefined : 'Needs the role operator'}
                            onClick={() => askDisconnect(app, state, machine)}
                        >
                            Disconnect
                        </button>
                    )}
                    <button
                        type="button"
                        class="btn danger"
                        disabled={!mayAct}
                        title={mayAct ? undefined : 'Needs the role operator'}
                        onClick={() => askForget(app, state, machine)}
                    >
                        Forget
                    </button>
                </>
            }
        >
            <div class="facts">
                <span>{connectionText(machine)}</span>
                <span>
                    <b class="fact">{sinceText(machine, now_ms)}</b>
                </span>
                {seen_ms !== null && (
                    <span title={absolute(seen_ms)}>
                        last seen <b class="fact">{age(now_ms - seen_ms)} ago</b>
                    </span>
                )}
                <span>{keeperText(machine.user)}</span>
            </div>
        </Head>
    );
}

function askDisconnect(app: App, state: MachineState, machine: MachineDetail): void {
    const act = async (): Promise<void> => {
        const result = await app.client.post<null>(`${state.path}/disconnect`, {});
        if (result.ok) {
            app.toast(`${machine.id} is disconnected`);
        } else {
            app.toastProblem(`${machine.id} stays connected`, result.problem);
        }
    };
    app.openDialog(() => (
        <Confirm
            title={`Disconnect ${machine.id}?`}
            keep="Keep it connected"
            act={`Disconnect ${machine.id}`}
            onAct={() => void act()}
            onClose={() => app.closeDialog()}
        >
            <p>
                Its connection closes now, and its last will is published if it has one. Most
                clients connect again by themselves within seconds. Its session{' '}
                {machine.session_expiry_s > 0 ? 'stays' : 'ends with the connection'}.
            </p>
        </Confirm>
    ));
}

function askForget(app: App, state: MachineState, machine: MachineDetail): void {
    const act = async (): Promise<void> => {
        const result = await app.client.remove(state.path);
        if (result.ok) {
            app.toast(`${machine.id} is forgotten`);
            app.router.go('/machines');
        } else {
            app.toastProblem(`${machine.id} is not forgotten`, result.problem);
        }
    };
    app.openDialog(() => (
        <Confirm
            title={`Forget ${machine.id}?`}
            keep="Keep it"
            act={`Forget ${machine.id}`}
            onAct={() => void act()}
            onClose={() => app.closeDialog()}
        >
            <p>
                Its session ends: {plural(machine.subscriptions, 'subscription')} and{' '}
                {plural(machine.queued_messages, 'waiting message')} are lost
                {machine.online && ', and its connection closes'}. It may come back as a new
                machine; its key stays valid until it is revoked under Security.
            </p>
        </Confirm>
    ));
}

/** Only if something is wrong. */
function MachineNote({ app, machine }: { app: App; machine: MachineDetail }): VNode | null {
    const limit = queueLimit(valueOf(app.store.node.value));
    if (limit !== null && machine.queued_messages >= limit * 0.8) {
        return (
            <NoteLine level="caution" shape={<Shape status="caution" label="Caution" />}>
                <b class="strong">{count(machine.queued_messages)} messages wait</b> for it; its
                queue may hold {count(limit)}. Beyond that the oldest are dropped and counted.
            </NoteLine>
        );
    }
    if (machine.online) {
        return null;
    }
    const seen_ms = parseTime(machine.last_seen_at);
    return (
        <NoteLine level="caution" shape={<Shape status="off" label="Offline" />}>
            <b class="strong">Offline{seen_ms !== null && ` since ${absolute(seen_ms)}`}.</b>{' '}
            {sentence(machine.disconnect_reason ?? 'No reason is known')}
            {machine.queued_messages > 0 &&
                ` ${plural(machine.queued_messages, 'message waits', 'messages wait')} for it.`}
        </NoteLine>
    );
}

function Readouts({ app, machine }: { app: App; machine: MachineDetail }): VNode {
    const isStale = app.live.state.value.phase === 'stale';
    const tiles = [
        {
            label: 'In, from the machine',
            value: tally(machine.messages_in_total),
            unit: 'msg',
            note: bytesText(machine.bytes_in_total),
        },
        {
            label: 'Out, to the machine',
            value: tally(machine.messages_out_total),
            unit: 'msg',
            note: bytesText(machine.bytes_out_total),
        },
        {
            label: 'Waiting for it',
            value: count(machine.queued_messages),
            unit: 'msg',
            note: machine.queued_messages === 0 ? 'nothing waits' : 'kept in its session',
        },
        {
            label: 'In flight',
            value: count(machine.inflight_messages),
            unit: 'msg',
            note:
                machine.receive_maximum === 0
                    ? 'none under way'
                    : `unacknowledged, of ${count(machine.receive_maximum)}`,
        },
    ];
    return (
        <div class="stats machine-stats">
            {tiles.map((tile) => (
                <Stat key={tile.label} {...tile} isStale={isStale} />
            ))}
        </div>
    );
}

function Rates(props: { app: App; state: MachineState; machine: MachineDetail }): VNode {
    const { app, state, machine } = props;
    const rates = state.rates.value;
    const cursor = state.cursor.value;
    const up = cursor === null ? machine.messages_in_per_s : (rates.up[cursor] ?? null);
    const down = cursor === null ? machine.messages_out_per_s : (rates.down[cursor] ?? null);
    const at_s = cursor === null ? undefined : rates.at_s[cursor];
    return (
        <Section
            title="Rates"
            note={at_s === undefined ? 'since this page was opened' : `at ${clock(at_s * 1000)}`}
        >
            <div class="read-row">
                <Reading kind="in" label="In" value={up} />
                <Reading kind="out" label="Out" value={down} />
            </div>
            <FlowChart
                label={`Messages a second from and to ${machine.id}, since the page was opened`}
                data={state.rates}
                height_px={(width_px) => (width_px < 500 ? 180 : 208)}
                paint={app.store.paint}
                onCursor={(index) => (state.cursor.value = index)}
                table={() => ({
                    head: ['Time', 'In, msg/s', 'Out, msg/s'],
                    rows: rates.at_s
                        .map((time_s, index) => [
                            clock(time_s * 1000),
                            rate(rates.up[index] ?? 0),
                            rate(rates.down[index] ?? 0),
                        ])
                        .filter((_, index) => index % 30 === 0),
                })}
            />
        </Section>
    );
}

function Reading(props: { kind: 'in' | 'out'; label: string; value: number | null }): VNode {
    return (
        <div class="rd">
            <span class="l">
                <i class={`key-${props.kind}`} />
                {props.label}
            </span>
            <span class="v n readable">
                {props.value === null ? 'no data' : readout(props.value)}
                <u>msg/s</u>
            </span>
        </div>
    );
}

function SessionFacts({ machine }: { machine: MachineDetail }): VNode {
    const connected_ms = parseTime(machine.connected_at);
    const size = bytes(machine.bytes_in_total + machine.bytes_out_total);
    return (
        <Section title="Session">
            <dl class="kv">
                <dt>Address</dt>
                <dd>
                    {machine.address === null ? 'none, offline' : <code>{machine.address}</code>}
                </dd>
                <dt>Connected</dt>
                <dd>{connected_ms === null ? 'never' : absolute(connected_ms)}</dd>
                <dt>Key</dt>
                <dd>{keeperText(machine.user)}</dd>
                <dt>Start</dt>
                <dd>
                    {machine.clean_start
                        ? 'clean, nothing kept from before'
                        : 'takes up its session'}
                </dd>
                <dt>Session</dt>
                <dd>{expiryText(machine.session_expiry_s)}</dd>
                <dt>Keep-alive</dt>
                <dd>{keepAliveText(machine.keep_alive_s)}</dd>
                <dt>Moved</dt>
                <dd>
                    <Num value={size.value} unit={size.unit} /> in both directions
                </dd>
                <dt>Last will</dt>
                <dd>
                    {machine.will === null ? (
                        'none'
                    ) : (
                        <>
                            <code>{machine.will.topic}</code>{' '}
                            <span class="faint">
                                QoS {machine.will.qos}
                                {machine.will.retain && ', retained'}
                                {machine.will.delay_s > 0 &&
                                    `, after ${duration(machine.will.delay_s * 1000)}`}
                            </span>
                        </>
                    )}
                </dd>
            </dl>
        </Section>
    );
}

function Subscriptions({ machine }: { machine: MachineDetail }): VNode {
    const list = machine.subscription_list ?? [];
    return (
        <Section title="Subscriptions" note={list.length === 0 ? 'none' : count(list.length)}>
            {list.length === 0 ? (
                <p class="dim">It only sends. What it subscribes to would stand here.</p>
            ) : (
                <div class="tw subs">
                    <table class="tb">
                        <thead>
                            <tr>
                                <th>Filter</th>
                                <th class="num">QoS</th>
                                <th class="hide-s">Options</th>
                            </tr>
                        </thead>
                        <tbody>
                            {list.map((one) => (
                                <tr key={one.filter}>
                                    <td>
                                        <code class="breakable">{one.filter}</code>
                                    </td>
                                    <td class="num">{one.qos}</td>
                                    <td class="hide-s">
                                        <span class="row wrap">
                                            {one.filter.startsWith('$share/') && (
                                                <span class="tag">shared</span>
                                            )}
                                            {one.no_local && <span class="tag">no local</span>}
                                            {one.retain_as_published && (
                                                <span class="tag">retain as published</span>
                                            )}
                                            {one.identifier !== null && (
                                                <span class="tag">id {one.identifier}</span>
                                            )}
                                        </span>
                                    </td>
                                </tr>
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
        </Section>
    );
}

/** The log of messages knows later times than the list that was read. */
function latest(state: MachineState, topic: string, read_at: string): string {
    const line = state.log.value.find((one) => one.topic === topic && one.direction === 'in');
    return line && line.at > read_at ? line.at : read_at;
}

function Published(props: { app: App; state: MachineState; machine: MachineDetail }): VNode {
    const { app, state, machine } = props;
    const list = machine.topics_published ?? [];
    return (
        <Section
            title="Publishes"
            note={list.length === 0 ? 'nothing yet' : `the last ${plural(list.length, 'topic')}`}
        >
            {list.length === 0 ? (
                <p class="dim">It has sent nothing since the node started.</p>
            ) : (
                <div>
                    {list.map((one) => (
                        <div class="pubd" key={one.topic}>
                            <Icon name="topics" />
                            <a class="ell plain" href={topicPath(one.topic)}>
                                <code>{one.topic}</code>
                            </a>
                            <span class="when faint small">
                                <When
                                    at={latest(state, one.topic, one.last_at)}
                                    now_ms={app.store.now_ms.value}
                                />
                            </span>
                        </div>
                    ))}
                </div>
            )}
        </Section>
    );
}
