/* The waiting side of Connect: three checks, the reason of a refusal, and the live line once it
   is on. */

import type { VNode } from 'preact';
import type { App } from '../app/app';
import { pathOf } from '../app/router';
import type { Message } from '../api/types';
import { bytesText } from '../format/number';
import { numberIn, pretty } from '../format/payload';
import { absolute, clockMillis, parseTime } from '../format/time';
import { Icon } from '../ui/icon';
import { Shape, type Status } from '../ui/shape';
import { Payload } from '../ui/text';
import type { ConnectState } from './connect_page';

export function WatchSide({ app, state }: { app: App; state: ConnectState }): VNode {
    const key = state.key.value;
    const watch = state.watch.value;
    const first = watch?.first_message ?? null;
    const name = key?.name ?? '';
    const title =
        key === null
            ? 'Nothing to wait for yet'
            : first
              ? `${name} is live`
              : `Waiting for ${name}`;
    return (
        <aside aria-label="The machine">
            <div class="scope">
                <div class="msg" role="status" aria-live="polite">
                    {first && (
                        <span class="bigok">
                            <Icon name="check" />
                        </span>
                    )}
                    {title}
                </div>
                <Dial messages={state.messages.value} isOn={first !== null} />
                <Checks state={state} />
                {first ? <First app={app} state={state} /> : <Hint state={state} />}
            </div>
        </aside>
    );
}

function Checks({ state }: { state: ConnectState }): VNode {
    const watch = state.watch.value;
    const isWaiting = state.key.value !== null;
    const refused = watch?.refused ?? null;
    const isRefused = refused !== null && (watch?.accepted_at ?? null) === null;
    const target = state.target.value;
    const at = (time: string | null | undefined): string => {
        const time_ms = parseTime(time);
        return time_ms === null ? 'not yet' : clockMillis(time_ms);
    };
    const status = (time: string | null | undefined, isNext: boolean): Status =>
        time ? 'ok' : isWaiting && isNext ? 'busy' : 'unknown';
    const reached = watch?.reached_at ?? null;
    const accepted = watch?.accepted_at ?? null;
    const first = watch?.first_message ?? null;
    return (
        <div>
            <Check status={status(reached, true)} text="Reached the port" note={at(reached)} />
            <Check
                status={isRefused ? 'crit' : status(accepted, reached !== null)}
                text={target?.isTls === true ? 'TLS and key accepted' : 'Key accepted'}
                note={isRefused ? 'refused' : at(accepted)}
            />
            {isRefused && (
                <p class="chk-why" role="alert">
                    Refused at {at(refused.at)}: <b class="strong">{refused.reason}</b>. The machine
                    may try again; this page keeps watching.
                </p>
            )}
            <Check
                status={status(first?.at, accepted !== null)}
                text="First message"
                note={at(first?.at)}
            />
        </div>
    );
}

function Check({ status, text, note }: { status: Status; text: string; note: string }): VNode {
    return (
        <div class="chk">
            <Shape status={status} />
            <span>{text}</span>
            <span class="faint small">{note}</span>
        </div>
    );
}

function First({ app, state }: { app: App; state: ConnectState }): VNode {
    const newest = state.messages.value.at(-1) ?? state.watch.value?.first_message ?? null;
    const name = state.key.value?.name ?? '';
    return (
        <>
            {newest && (
                <div class="code">
                    <div class="ch">
                        <span class="mono small ell">{newest.topic}</span>
                        <span class="sp" />
                        <span
                            class="faint small size nowrap"
                            title={absolute(parseTime(newest.at) ?? 0)}
                        >
                            {bytesText(newest.bytes)}, QoS {newest.qos}
                        </span>
                    </div>
                    <pre>
                        <Payload text={pretty(newest.payload, newest.encoding).slice(0, 2_000)} />
                    </pre>
                </div>
            )}
            <div class="row wrap">
                <a class="btn pri" href={pathOf({ name: 'machine', id: name })}>
                    Open {name}
                </a>
                <button
                    type="button"
                    class="btn"
                    onClick={() => {
                        state.again();
                        app.store.announcement.value = 'Ready for another machine';
                    }}
                >
                    Connect another
                </button>
            </div>
        </>
    );
}

function Hint({ state }: { state: ConnectState }): VNode {
    const target = state.target.value;
    if (state.key.value === null) {
        return (
            <p class="small dim">
                Give the machine a name and make its key. Then this side follows its first steps:
                the port, the key, the first message.
            </p>
        );
    }
    return (
        <p class="small dim">
            Nothing after a minute? Check that the machine reaches{' '}
            <code>{target ? `${target.host}:${target.port}` : 'the node'}</code>. A refused try
            appears here with its reason, for example <i>wrong key</i> or{' '}
            <i>certificate not trusted</i>.
        </p>
    );
}

const dial_width = 320;
const dial_height = 176;
const first_x = 110;

/** The trace: flat while nothing comes, then the values of the messages, newest at the right. */
export function tracePath(values: readonly number[]): { path: string; end_y: number } {
    const middle = dial_height / 2;
    const lowest = Math.min(...values);
    const span = Math.max(...values) - lowest;
    const scale = span === 0 ? 0 : (dial_height * 0.5) / span;
    const step = (dial_width - first_x - 16) / Math.max(1, values.length - 1);
    let path = `M0 ${middle}H${first_x}`;
    let y = middle;
    values.forEach((value, index) => {
        y = span === 0 ? middle - 28 : middle + 20 - (value - lowest) * scale;
        path += `L${(first_x + 8 + index * step).toFixed(1)} ${y.toFixed(1)}`;
    });
    if (values.length === 1) {
        path += `H${dial_width - 8}`;
    }
    return { path, end_y: y };
}

function Dial({ messages, isOn }: { messages: readonly Message[]; isOn: boolean }): VNode {
    const values = messages.map(
        (message) => numberIn(message.payload, message.encoding) ?? message.bytes,
    );
    const middle = dial_height / 2;
    const trace =
        isOn && values.length > 0
            ? tracePath(values)
            : { path: `M0 ${middle}H${dial_width}`, end_y: middle };
    const teeth = Array.from({ length: dial_width / 16 + 1 }, (_, index) => {
        const half = index % 5 === 0 ? 8 : 3;
        return `M${index * 16 + 0.5} ${middle - half}V${middle + half}`;
    });
    return (
        <div class="dial" aria-hidden="true">
            <svg viewBox={`0 0 ${dial_width} ${dial_height}`} preserveAspectRatio="none">
                <path class="teeth" d={teeth.join('')} />
                {isOn && <path class="first" d={`M${first_x} ${middle - 24}V${middle + 24}`} />}
                <path class="trace" d={trace.path} />
            </svg>
            <i class="end" style={{ top: `${(trace.end_y / dial_height) * 100}%` }} />
            {isOn && <span class="small first-note">first message</span>}
        </div>
    );
}
