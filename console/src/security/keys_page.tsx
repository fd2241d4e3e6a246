/* Keys: tokens for machines, programs and people. Who has one, for what, until when; make one,
   revoke one. */

import { signal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import { pathOf, type Place } from '../app/router';
import type { Scope } from '../app/scope';
import { loading, valueOf, type Load, type Page } from '../app/store';
import type { List, Token } from '../api/types';
import { count, plural } from '../format/number';
import { absolute, date, duration, parseTime } from '../format/time';
import { Icon } from '../ui/icon';
import { Section } from '../ui/section';
import { Confirm } from '../ui/dialog';
import { Pill } from '../ui/shape';
import { Bars, Empty, Failed } from '../ui/states';
import { When } from '../ui/text';
import { SecurityFrame } from './frame';
import { openNewKey } from './new_key';
import { RolesHelp } from './role_pick';
import { RoleTags } from './role_tags';

interface State {
    tokens: Signal<Load<readonly Token[]>>;
    read: () => Promise<void>;
}

export function openKeys(app: App, place: Place, scope: Scope): Page {
    const state: State = { tokens: signal(loading), read: async () => {} };
    state.read = async () => {
        const result = await scope.get<List<Token>>('/api/v1/tokens');
        if (result.ok) {
            state.tokens.value = { phase: 'ready', value: result.value.items };
        } else if (!scope.isClosed) {
            state.tokens.value = { phase: 'failed', problem: result.problem };
        }
    };
    const make = (): void => openNewKey(app, () => void state.read());
    if (app.mayAct('admin')) {
        void state.read();
        if (place.query.get('new') !== null) {
            app.router.setQuery({ new: '' });
            queueMicrotask(make);
        }
    }
    return { view: () => <KeysView app={app} state={state} onMake={make} /> };
}

interface Props {
    app: App;
    state: State;
    onMake: () => void;
}

function KeysView({ app, state, onMake }: Props): VNode {
    const tokens = valueOf(state.tokens.value);
    return (
        <SecurityFrame
            app={app}
            tab="keys"
            needs="admin"
            what="Seeing and making keys"
            sentence={tokens ? validText(tokens.length) : 'Keys for machines, programs and people.'}
            actions={
                <button type="button" class="btn pri" onClick={onMake}>
                    <Icon name="plus" />
                    Make a key
                </button>
            }
        >
            {() => (
                <>
                    <Section
                        title="Keys"
                        note={tokens ? count(tokens.length) : undefined}
                        kind="flush"
                    >
                        <Keys app={app} state={state} onMake={onMake} />
                    </Section>
                    <RolesHelp />
                </>
            )}
        </SecurityFrame>
    );
}

function validText(keys: number): string {
    const valid = keys === 0 ? 'No key is' : plural(keys, 'key is', 'keys are');
    return `${valid} valid. A key is shown once, when it is made; the node keeps its fingerprint.`;
}

function Keys({ app, state, onMake }: Props): VNode {
    const tokens = state.tokens.value;
    if (tokens.phase === 'loading') {
        return (
            <div class="alone">
                <Bars rows={4} what="keys" />
            </div>
        );
    }
    if (tokens.phase === 'failed') {
        return (
            <div class="alone">
                <Failed
                    what="The keys"
                    problem={tokens.problem}
                    node={app.store.nodeName.value}
                    still="Keys that exist stay valid."
                    onRetry={() => void state.read()}
                />
            </div>
        );
    }
    if (tokens.value.length === 0) {
        return (
            <div class="alone">
                <Empty
                    title="No key has been made yet"
                    actions={
                        <>
                            <a class="btn" href="/connect">
                                Connect a machine
                            </a>
                            <button type="button" class="btn" onClick={onMake}>
                                Make a key
                            </button>
                        </>
                    }
                >
                    <p>
                        Machines get theirs on the page Connect. A dashboard needs one with the role
                        viewer, for example <code>grafana</code>.
                    </p>
                </Empty>
            </div>
        );
    }
    return (
        <div class="tw">
            <table class="tb keys-table">
                <thead>
                    <tr>
                        <th aria-sort="ascending">Name</th>
                        <th>Role</th>
                        <th class="x-may">Topic roles</th>
                        <th class="x-made">Made</th>
                        <th>Ends</th>
                        <th class="x-used">Last used</th>
                        <th>
                            <span class="vh">Actions</span>
                        </th>
                    </tr>
                </thead>
                <tbody>
                    {[...tokens.value].sort(byName).map((token) => (
                        <KeyRow key={token.id} app={app} state={state} token={token} />
                    ))}
                </tbody>
            </table>
        </div>
    );
}

function byName(a: Token, b: Token): number {
    return a.name.localeCompare(b.name, 'en', { numeric: true });
}

const soon_ms = 7 * 86_400_000;

function KeyRow(props: { app: App; state: State; token: Token }): VNode {
    const { app, state, token } = props;
    const now_ms = app.store.now_ms.value;
    const made_ms = parseTime(token.created_at);
    return (
        <tr>
            <td class="strong">{token.name}</td>
            <td>
                <span class="tag">{token.role}</span>
            </td>
            <td class="x-may">
                <Rights token={token} />
            </td>
            <td class="x-made dim" title={made_ms === null ? '' : absolute(made_ms)}>
                {made_ms === null ? 'not known' : date(made_ms)}
            </td>
            <td>
                <Ends token={token} now_ms={now_ms} />
            </td>
            <td class="x-used dim">
                <When at={token.last_used_at} now_ms={now_ms} />
            </td>
            <td class="num">
                <button
                    type="button"
                    class="btn danger sm"
                    onClick={() => askRevoke(app, state, token)}
                >
                    Revoke
                </button>
            </td>
        </tr>
    );
}

/** What it may use over MQTT, and the machine that it belongs to. */
function Rights({ token }: { token: Token }): VNode {
    return (
        <span class="rights">
            {token.role === 'machine' ? (
                <RoleTags names={token.topic_roles} />
            ) : (
                <span class="faint">{token.role === 'viewer' ? 'read' : 'all'}, by its role</span>
            )}
            {token.machine !== '' && (
                <a href={pathOf({ name: 'security', tab: 'machines', item: token.machine })}>
                    {token.machine}
                </a>
            )}
        </span>
    );
}

function Ends({ token, now_ms }: { token: Token; now_ms: number }): VNode {
    const ends_ms = parseTime(token.expires_at);
    if (ends_ms === null) {
        return <span class="dim">never</span>;
    }
    if (ends_ms <= now_ms) {
        return <Pill status="off">ended {date(ends_ms)}</Pill>;
    }
    const left = `in ${duration(ends_ms - now_ms)}`;
    return ends_ms - now_ms < soon_ms ? (
        <Pill status="caution">{left}</Pill>
    ) : (
        <span class="dim" title={absolute(ends_ms)}>
            {date(ends_ms)}
        </span>
    );
}

function askRevoke(app: App, state: State, token: Token): void {
    const act = async (): Promise<void> => {
        const result = await app.client.remove(`/api/v1/tokens/${encodeURIComponent(token.id)}`);
        if (result.ok) {
            app.toast(`The key ${token.name} is revoked`);
        } else {
            app.toastProblem(`The key ${token.name} stays valid`, result.problem);
        }
        void state.read();
    };
    app.openDialog(() => (
        <Confirm
            title={`Revoke the key ${token.name}?`}
            keep="Keep it"
            act={`Revoke ${token.name}`}
            onAct={() => void act()}
            onClose={() => app.closeDialog()}
        >
            <p>
                {token.role === 'machine'
                    ? 'Its machine is refused at the next connection. Connect makes it a new key.'
                    : 'The program that uses it is refused from now on.'}{' '}
                A revoked key cannot come back.
            </p>
        </Confirm>
    ));
}
