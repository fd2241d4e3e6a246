/* Trace: paste a topic or a client, and see what happens to its messages, step by step, with the
   reason where one goes no further. */

import { signal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import type { Place } from '../app/router';
import { codeNoRoute } from '../app/resource';
import type { Scope } from '../app/scope';
import type { Page } from '../app/store';
import { problemText } from '../api/client';
import type { Problem, TraceHead } from '../api/types';
import { count, plural } from '../format/number';
import { duration, parseTime } from '../format/time';
import { CopyButton, Segmented } from '../ui/button';
import { Field, noteId } from '../ui/field';
import { Icon } from '../ui/icon';
import { Absent } from '../ui/loaded';
import { Section } from '../ui/section';
import { Shape } from '../ui/shape';
import { Failed } from '../ui/states';
import { OperationsFrame } from './frame';
import { eventsText, TraceReader } from './trace';
import { TraceLog } from './trace_log';

type Follow = 'topic' | 'client';

interface TraceState {
    kind: Signal<Follow>;
    text: Signal<string>;
    seconds: Signal<number>;
    wrong: Signal<string | null>;
    problem: Signal<Problem | null>;
    isBusy: Signal<boolean>;
    reader: TraceReader;
}

const read_every_ms = 500;
const events_max = 2_000;

export function openTrace(app: App, place: Place, scope: Scope): Page {
    const client = place.query.get('client');
    const state: TraceState = {
        kind: signal<Follow>(client === null ? 'topic' : 'client'),
        text: signal(client ?? place.query.get('topic') ?? ''),
        seconds: signal(60),
        wrong: signal(null),
        problem: signal(null),
        isBusy: signal(false),
        reader: new TraceReader(scope),
    };
    if (app.mayAct('operator')) {
        void state.reader.adopt().then((problem) => {
            state.problem.value = problem;
        });
        if (!app.isStill) {
            scope.every(read_every_ms, () => void state.reader.read());
        }
    }
    return {
        view: () => <View app={app} scope={scope} state={state} />,
        find: () => document.getElementById('trace-text')?.focus(),
    };
}

async function start(app: App, scope: Scope, state: TraceState): Promise<void> {
    const text = state.text.peek().trim();
    state.wrong.value = text === '' ? 'What is to be followed? A topic or a client id.' : null;
    if (state.wrong.peek() !== null) {
        return;
    }
    state.isBusy.value = true;
    const result = await app.client.post<TraceHead>('/api/v1/traces', {
        [state.kind.peek()]: text,
        seconds: state.seconds.peek(),
        count_max: events_max,
    });
    if (scope.isClosed) {
        return;
    }
    state.isBusy.value = false;
    if (result.ok) {
        state.reader.open(result.value);
        await state.reader.read();
    } else if (result.problem.code === codeNoRoute) {
        state.problem.value = result.problem;
    } else {
        state.wrong.value = problemText(result.problem);
    }
}

async function stop(app: App, state: TraceState): Promise<void> {
    const head = state.reader.head.peek();
    if (head === null) {
        return;
    }
    await state.reader.read();
    const result = await app.client.remove(`/api/v1/traces/${encodeURIComponent(head.id)}`);
    if (result.ok) {
        state.reader.end();
    } else {
        app.toastProblem('The trace goes on', result.problem);
    }
}

interface Props {
    app: App;
    scope: Scope;
    state: TraceState;
}

function View({ app, scope, state }: Props): VNode {
    const problem = state.problem.value;
    return (
        <OperationsFrame
            app={app}
            tab="trace"
            needs="operator"
            what="Tracing messages"
            sentence="Why did a message arrive, or not? Follow a topic or a client for a while."
        >
            {() =>
                problem === null ? (
                    <>
                        <Section title="Follow">
                            <Form app={app} scope={scope} state={state} />
                        </Section>
                        <Steps app={app} state={state} />
                    </>
                ) : problem.code === codeNoRoute ? (
                    <div class="alone">
                        <Absent what="the traces" />
                    </div>
                ) : (
                    <div class="alone">
                        <Failed
                            what="The traces"
                            problem={problem}
                            node={app.store.nodeName.value}
                            onRetry={() => location.reload()}
                        />
                    </div>
                )
            }
        </OperationsFrame>
    );
}

function Form({ app, scope, state }: Props): VNode {
    const isRunning = state.reader.isRunning.value;
    return (
        <form
            class="trace-form"
            onSubmit={(event) => {
                event.preventDefault();
                void start(app, scope, state);
            }}
        >
            <Segmented<Follow>
                label="What to follow"
                value={state.kind.value}
                choices={[
                    { value: 'topic', label: 'Topic' },
                    { value: 'client', label: 'Client' },
                ]}
                onChoose={(kind) => (state.kind.value = kind)}
            />
            <Field
                id="trace-text"
                label={state.kind.value === 'topic' ? 'Topic or filter' : 'Client id'}
                problem={state.wrong.value}
                note={
                    state.kind.value === 'topic'
                        ? 'For example plant/+/alarms.'
                        : 'As it stands under Machines.'
                }
            >
                <input
                    class="in mono"
                    id="trace-text"
                    autocomplete="off"
                    spellcheck={false}
                    aria-invalid={state.wrong.value !== null}
                    aria-describedby={noteId('trace-text')}
                    value={state.text.value}
                    onInput={(event) => {
                        state.text.value = event.currentTarget.value;
                        state.wrong.value = null;
                    }}
                />
            </Field>
            <Field id="trace-span" label="For">
                <select
                    class="in"
                    id="trace-span"
                    value={state.seconds.value}
                    onChange={(event) => (state.seconds.value = Number(event.currentTarget.value))}
                >
                    {[30, 60, 300, 600].map((seconds) => (
                        <option key={seconds} value={seconds}>
                            {duration(seconds * 1000)}
                        </option>
                    ))}
                </select>
            </Field>
            <div class="trace-acts">
                {isRunning ? (
                    <button type="button" class="btn" onClick={() => void stop(app, state)}>
                        <Icon name="stop" />
                        Stop
                    </button>
                ) : (
                    <button class="btn pri" disabled={state.isBusy.value}>
                        <Icon name="play" />
                        {state.isBusy.value ? 'Starting' : 'Start the trace'}
                    </button>
                )}
            </div>
        </form>
    );
}

function Steps({ app, state }: { app: App; state: TraceState }): VNode {
    const { reader } = state;
    const head = reader.head.value;
    const events = reader.events.value;
    return (
        <Section
            title="Steps"
            kind="flush"
            note={head === null ? undefined : <Progress app={app} reader={reader} />}
            actions={
                events.length > 0 && (
                    <CopyButton label="Copy as text" text={() => eventsText(events)} />
                )
            }
        >
            {head === null ? (
                <p class="inset dim">
                    Nothing is followed. Connecting, signing in, the right to publish, who
                    subscribed, waiting, delivery and drops stand here as they happen, each with its
                    reason.
                </p>
            ) : events.length === 0 ? (
                <p class="inset dim">
                    {reader.isRunning.value
                        ? 'Waiting for the first step. Publish something, or let it connect.'
                        : 'Nothing happened while it was followed.'}
                </p>
            ) : (
                <TraceLog events={reader.events} />
            )}
        </Section>
    );
}

function Progress({ app, reader }: { app: App; reader: TraceReader }): VNode {
    const head = reader.head.value;
    const now_ms = app.store.now_ms.value;
    const left_ms = (parseTime(head?.ends_at) ?? now_ms) - now_ms;
    const followed = head?.topic ?? head?.client ?? '';
    return (
        <span class="row">
            {reader.isRunning.value && <Shape status="busy" label="Running" />}
            <span>
                <code>{followed}</code>, {plural(reader.events.value.length, 'step')}
                {reader.isRunning.value
                    ? left_ms > 0 && `, ${duration(Math.ceil(left_ms / 1000) * 1000)} left`
                    : `, ended${head?.end_reason ? `: ${head.end_reason}` : ''}`}
                {reader.lost.value > 0 && `, ${count(reader.lost.value)} were too many`}
            </span>
        </span>
    );
}
