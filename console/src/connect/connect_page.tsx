/* Connect: what is it, its name and key, run this. The right side waits for the machine, says
   why a try was refused, and turns green at the first message. */

import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import type { Place } from '../app/router';
import type { Scope } from '../app/scope';
import { valueOf, type Page } from '../app/store';
import { query } from '../api/client';
import type { Follow } from '../api/live';
import type { ConnectWatch, Message, MessagesChange, NewToken, TokenRequest } from '../api/types';
import { parseTime, duration } from '../format/time';
import { Head } from '../ui/section';

import { Steps } from './steps';
import { kindOf, languages, type Language } from './snippets';
import { bestTransport, nameProblem, targetOf, type Target, type Transport } from './target';
import { WatchSide } from './watch_side';
import './connect.css';

export interface ConnectState {
    kind: Signal<string>;
    language: Signal<Language>;
    /** Null until chosen: then the best one of the node. */
    chosen: Signal<Transport | null>;
    transport: ReadonlySignal<Transport>;
    target: ReadonlySignal<Target | null>;
    name: Signal<string>;
    nameError: Signal<string | null>;
    key: Signal<NewToken | null>;
    isBusy: Signal<boolean>;
    watch: Signal<ConnectWatch | null>;
    messages: Signal<readonly Message[]>;
    makeKey: () => Promise<void>;
    again: () => void;
}

const watch_every_ms = 1_000;
const messages_kept_max = 48;

export function openConnect(app: App, _place: Place, scope: Scope): Page {
    const state = createState(app);
    let started_ms = 0;
    let follow: Follow | null = null;

    const takeMessages = (fresh: readonly Message[]): void => {
        state.messages.value = [...state.messages.peek(), ...fresh].slice(-messages_kept_max);
    };
    const followMessages = (client: string): void => {
        const pending: Message[] = [];
        follow = scope.follow(
            { channel: 'messages', client, rate_max: 20 },
            {
                onData: (data) => {
                    const fresh = (data as MessagesChange).messages ?? [];
                    pending.push(...fresh.filter((message) => message.direction === 'in'));
                    pending.splice(0, Math.max(0, pending.length - messages_kept_max));
                    scope.post('messages', () => takeMessages(pending.splice(0)));
                },
            },
        );
    };
    const ask = async (): Promise<void> => {
        const key = state.key.peek();
        if (!key || state.watch.peek()?.first_message) {
            return;
        }
        const path = `/api/v1/connect/watch${query({ id: key.name })}`;
        const result = await scope.get<ConnectWatch>(path);
        if (!result.ok || state.key.peek() !== key || state.watch.peek()?.first_message) {
            return;
        }
        state.watch.value = result.value;
        const first = result.value.first_message;
        if (first) {
            takeMessages([first]);
            followMessages(key.name);
            const span_ms = (parseTime(first.at) ?? started_ms) - started_ms;
            app.toast(`${key.name} is live: first message after ${duration(Math.max(0, span_ms))}`);
        }
    };
    state.makeKey = async () => {
        await makeKey(app, state);
        started_ms = app.store.now_ms.peek();
    };
    state.again = () => {
        follow?.stop();
        follow = null;
        state.key.value = null;
        state.watch.value = null;
        state.messages.value = [];
        state.name.value = '';
    };
    scope.every(watch_every_ms, () => void ask());
    return { view: () => <Connect app={app} state={state} /> };
}

function createState(app: App): ConnectState {
    const chosen = signal<Transport | null>(null);
    const node = computed(() => valueOf(app.store.node.value));
    const page_host = location.hostname;
    const transport = computed(() => {
        if (chosen.value !== null || !node.value) {
            return chosen.value ?? 'mqtt';
        }
        return bestTransport(node.value, page_host);
    });
    const isFirst = valueOf(app.store.stats.peek())?.machines_known === 0;
    return {
        kind: signal('try'),
        language: signal<Language>('shell'),
        chosen,
        transport,
        target: computed(() =>
            node.value ? targetOf(node.value, transport.value, page_host) : null,
        ),
        name: signal(isFirst ? 'first-machine' : ''),
        nameError: signal(null),
        key: signal(null),
        isBusy: signal(false),
        watch: signal(null),
        messages: signal([]),
        makeKey: async () => {},
        again: () => {},
    };
}

async function makeKey(app: App, state: ConnectState): Promise<void> {
    const name = state.name.peek().trim();
    state.nameError.value = nameProblem(name);
    if (state.nameError.value !== null) {
        return;
    }
    state.isBusy.value = true;
    const request: TokenRequest = { name, role: 'machine' };
    const result = await app.client.post<NewToken>('/api/v1/tokens', request);
    state.isBusy.value = false;
    if (result.ok) {
        state.key.value = result.value;
        state.name.value = name;
    } else {
        app.toastProblem(`No key was made for ${name}`, result.problem);
    }
}

/** Another kind may not speak the language of the one before. */
export function chooseKind(state: ConnectState, id: string): void {
    state.kind.value = id;
    const spoken = kindOf(id).languages;
    if (!spoken.includes(state.language.peek())) {
        chooseLanguage(state, spoken[0] ?? 'settings');
    }
}

export function chooseLanguage(state: ConnectState, language: Language): void {
    state.language.value = language;
    if (!languages[language].hasWebSocket && state.transport.peek() === 'ws') {
        state.chosen.value = null;
    }
}

function Connect({ app, state }: { app: App; state: ConnectState }): VNode {
    const isOn = (state.watch.value?.first_message ?? null) !== null;
    return (
        <>
            <Head title="Connect a machine">
                <p>Three steps, about a minute. The side turns green at the first message.</p>
            </Head>
            <div class={`wz${isOn ? ' is-on' : ''}`}>
                <Steps app={app} state={state} />
                <WatchSide app={app} state={state} />
            </div>
        </>
    );
}
