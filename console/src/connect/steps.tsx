/* The three steps of Connect. */

import type { ComponentChildren, VNode } from 'preact';
import type { App } from '../app/app';
import { valueOf } from '../app/store';
import { CopyButton, Segmented } from '../ui/button';
import { Field, noteId } from '../ui/field';
import { Icon } from '../ui/icon';
import { Bars, NoRight } from '../ui/states';
import { chooseKind, chooseLanguage, type ConnectState } from './connect_page';
import { ca_file, highlight, kindOf, kinds, languages } from './snippets';
import { nameProblem, topicFor, transportLabel, transports, type Transport } from './target';

export function Steps({ app, state }: { app: App; state: ConnectState }): VNode {
    const hasKey = state.key.value !== null;
    const isOn = (state.watch.value?.first_message ?? null) !== null;
    return (
        <div>
            <Step number={1} title="What is it?" isDone>
                <KindStep state={state} />
            </Step>
            <Step number={2} title="Its name and key" isDone={hasKey}>
                <KeyStep app={app} state={state} />
            </Step>
            <Step number={3} title="Run this on it" isDone={isOn}>
                <RunStep app={app} state={state} />
            </Step>
        </div>
    );
}

function Step(props: {
    number: number;
    title: string;
    isDone: boolean;
    children: ComponentChildren;
}): VNode {
    return (
        <section class={`stp${props.isDone ? ' done' : ''}`}>
            <span class="no" aria-hidden="true">
                {props.isDone ? <Icon name="check" /> : props.number}
            </span>
            <div>
                <h2>
                    {props.title}
                    {props.isDone && <span class="vh">, done</span>}
                </h2>
                <div class="bd1">{props.children}</div>
            </div>
        </section>
    );
}

function KindStep({ state }: { state: ConnectState }): VNode {
    const kind = kindOf(state.kind.value);
    return (
        <>
            <div class="pick" role="radiogroup" aria-label="Kind of machine">
                {kinds.map((one) => (
                    <label key={one.id}>
                        <input
                            type="radio"
                            name="kind"
                            checked={one.id === kind.id}
                            onChange={() => chooseKind(state, one.id)}
                        />
                        {one.label}
                        <small>{one.note}</small>
                    </label>
                ))}
            </div>
            {kind.languages.length > 1 && (
                <Segmented
                    label="Language"
                    kind="start"
                    value={state.language.value}
                    choices={kind.languages.map((language) => ({
                        value: language,
                        label: languages[language].label,
                    }))}
                    onChoose={(language) => chooseLanguage(state, language)}
                />
            )}
        </>
    );
}

function KeyStep({ app, state }: { app: App; state: ConnectState }): VNode {
    if (!app.mayAct('admin')) {
        return <NoRight what="Making a key" role="admin" />;
    }
    const key = state.key.value;
    const error = state.nameError.value;
    if (key !== null) {
        return (
            <>
                <div class="code">
                    <div class="ch">
                        <span>
                            Key of <b class="strong">{key.name}</b>, shown once
                        </span>
                        <span class="sp" />
                        <CopyButton text={key.token} />
                    </div>
                    <pre class="key">{key.token}</pre>
                </div>
                <p class="small faint">
                    Role machine: it may use MQTT and nothing else. The key is the password, any
                    user name will do. <a href="/security/keys">All keys</a>
                </p>
            </>
        );
    }
    return (
        <form
            class="name-form"
            onSubmit={(event) => {
                event.preventDefault();
                void state.makeKey();
            }}
        >
            <Field
                id="machine-name"
                label="Name"
                note="It becomes the client id. Lower case with dashes reads well."
                problem={error}
            >
                <input
                    class="in mono"
                    id="machine-name"
                    value={state.name.value}
                    placeholder="lathe-04"
                    maxLength={64}
                    autocomplete="off"
                    spellcheck={false}
                    aria-invalid={error !== null}
                    aria-describedby={noteId('machine-name')}
                    onInput={(event) => {
                        state.name.value = event.currentTarget.value;
                        if (error !== null) {
                            state.nameError.value = nameProblem(state.name.value.trim());
                        }
                    }}
                />
            </Field>
            <button class="btn pri" disabled={state.isBusy.value}>
                <Icon name="key" />
                {state.isBusy.value ? 'Making the key' : 'Make its key'}
            </button>
        </form>
    );
}

function RunStep({ app, state }: { app: App; state: ConnectState }): VNode {
    const node = valueOf(app.store.node.value);
    if (!node) {
        return <Bars rows={4} what="the listeners of the node" />;
    }
    return (
        <>
            <TransportChoice app={app} state={state} />
            <Code state={state} />
        </>
    );
}

function TransportChoice({ app, state }: { app: App; state: ConnectState }): VNode {
    const node = valueOf(app.store.node.value);
    const hasWebSocket = languages[state.language.value].hasWebSocket;
    const reason = (transport: Transport): string | null => {
        const hasListener = node?.listeners.some((listener) =>
            transport === 'ws'
                ? /^(http|ws)/.test(listener.kind)
                : listener.kind.startsWith('mqtt') && listener.tls === (transport === 'mqtts'),
        );
        if (hasListener !== true) {
            return transport === 'mqtts'
                ? 'This node has no TLS listener. Start it with: kith run --mqtts 0.0.0.0:8883'
                : 'This node has no such listener';
        }
        return transport === 'ws' && !hasWebSocket ? 'This client speaks MQTT over TCP only' : null;
    };
    return (
        <Segmented
            label="Transport"
            kind="start"
            value={state.transport.value}
            choices={transports.map((transport) => {
                const why = reason(transport);
                return {
                    value: transport,
                    label: transportLabel(node, transport),
                    isDisabled: why !== null,
                    ...(why === null ? {} : { title: why }),
                };
            })}
            onChoose={(transport) => (state.chosen.value = transport)}
        />
    );
}

const classOf = { plain: '', text: 's', number: 'm', word: 'k', note: 'o' } as const;

function Code({ state }: { state: ConnectState }): VNode {
    const target = state.target.value;
    if (!target) {
        return <p class="dim">This node has no listener of that kind.</p>;
    }
    const key = state.key.value;
    const name = key?.name ?? (state.name.value.trim() || 'lathe-04');
    const snippet = languages[state.language.value].make({
        name,
        key: key?.token ?? 'KEY-OF-STEP-2',
        topic: topicFor(name),
        target,
    });
    return (
        <>
            <div class={`code${key === null ? ' early' : ''}`}>
                <div class="ch">
                    <span class="ell">{snippet.title}</span>
                    <span class="sp" />
                    {key === null ? (
                        <span class="faint small early-note">needs the key of step 2</span>
                    ) : (
                        <CopyButton text={snippet.code} />
                    )}
                </div>
                <pre tabIndex={0} aria-label={snippet.title}>
                    {highlight(snippet.code).map((word, index) => (
                        <span key={index} class={classOf[word.kind]}>
                            {word.text}
                        </span>
                    ))}
                </pre>
            </div>
            {snippet.needs !== '' && (
                <p class="small faint">
                    Needs: <code>{snippet.needs}</code>
                </p>
            )}
            {target.isLocal && (
                <p class="small dim">
                    <code>
                        {target.host}:{target.port}
                    </code>{' '}
                    answers on the node's own computer only. For machines on the network, start the
                    node with <code>kith run --mqtts 0.0.0.0:8883</code>.
                </p>
            )}
            {target.isTls && (
                <div class="row wrap">
                    <a class="btn sm" href="/kith-ca.pem" download={ca_file}>
                        <Icon name="download" />
                        Download {ca_file}
                    </a>
                    <span class="small faint">the certificate that the machine trusts</span>
                </div>
            )}
        </>
    );
}
