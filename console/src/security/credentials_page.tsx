/* Machines' credentials: how machines make themselves known. A list of any length with search, one
   machine with its certificates, and claim codes with which devices get a credential themselves. */

import { signal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import { pathOf, type Place } from '../app/router';
import { Pages } from '../app/resource';
import type { Scope } from '../app/scope';
import type { Page } from '../app/store';
import { query } from '../api/client';
import type { ClaimCode, Credential } from '../api/types';
import { plural } from '../format/number';
import { date, parseTime } from '../format/time';
import { Icon } from '../ui/icon';
import { Section } from '../ui/section';
import { Pill } from '../ui/shape';
import { Empty } from '../ui/states';
import { DataTable } from '../ui/table';
import { Marked } from '../ui/text';
import { ClaimCodes } from './claim_codes';
import { SecurityFrame } from './frame';
import { openNewCredential } from './new_credential';
import { PagesBody } from './pages_body';
import { RoleTags, SignsInWith } from './role_tags';

interface State {
    text: Signal<string>;
    credentials: Pages<Credential>;
    codes: Pages<ClaimCode>;
}

const page_rows = 200;
const typing_pause_ms = 150;

export function openCredentials(app: App, place: Place, scope: Scope): Page {
    const text = signal(place.query.get('q') ?? '');
    const credentials = new Pages<Credential>(
        scope,
        (cursor) =>
            `/api/v1/credentials${query({
                query: text.peek(),
                limit: page_rows,
                cursor: cursor ?? undefined,
            })}`,
    );
    const codes = new Pages<ClaimCode>(scope, () => '/api/v1/claim-codes');
    const state: State = { text, credentials, codes };
    const search = scope.debounce(typing_pause_ms, () => void credentials.reload());
    const choose = (words: string): void => {
        if (words !== text.peek()) {
            text.value = words;
            app.router.setQuery({ q: words });
            search();
        }
    };
    if (app.mayAct('admin')) {
        void credentials.reload();
        void codes.reload();
        if (place.query.get('new') !== null) {
            app.router.setQuery({ new: '' });
            queueMicrotask(() => openNewCredential(app, () => void credentials.reload()));
        }
    }
    return {
        view: () => <CredentialsView app={app} state={state} onSearch={choose} />,
        find: () => document.getElementById('credential-search')?.focus(),
        onQuery: (params) => choose(params.get('q') ?? ''),
    };
}

interface Props {
    app: App;
    state: State;
    onSearch: (words: string) => void;
}

function CredentialsView({ app, state, onSearch }: Props): VNode {
    const { credentials, codes } = state;
    const add = (): void => openNewCredential(app, () => void credentials.reload());
    return (
        <SecurityFrame
            app={app}
            tab="machines"
            needs="admin"
            what="Managing machines’ credentials"
            sentence={
                <>
                    A machine signs in with a password or a certificate of its own. Those with a key
                    of the page <a href="/connect">Connect</a> stand under{' '}
                    <a href="/security/keys">Keys</a>.
                </>
            }
            actions={
                !credentials.isAbsent && (
                    <button type="button" class="btn pri" onClick={add}>
                        <Icon name="plus" />
                        Add a machine
                    </button>
                )
            }
        >
            {() => (
                <>
                    <Section title="Credentials" kind="flush">
                        {!credentials.isAbsent && <Search state={state} onSearch={onSearch} />}
                        <PagesBody
                            app={app}
                            pages={credentials}
                            what="the credentials"
                            still="Machines stay connected."
                            empty={() => <NoCredentials state={state} onAdd={add} />}
                        >
                            {() => <CredentialTable state={state} />}
                        </PagesBody>
                    </Section>
                    <Section
                        title="Claim codes"
                        note="a device that shows one gets a credential by itself"
                        kind="flush"
                        actions={
                            !codes.isAbsent && (
                                <button
                                    type="button"
                                    class="btn sm"
                                    onClick={() => void askCode(app, codes)}
                                >
                                    <Icon name="plus" />
                                    Make a code
                                </button>
                            )
                        }
                    >
                        <ClaimCodes app={app} codes={codes} />
                    </Section>
                </>
            )}
        </SecurityFrame>
    );
}

/** The form and the QR code load when they are asked for. */
async function askCode(app: App, codes: Pages<ClaimCode>): Promise<void> {
    const { openNewCode } = await import('./new_code');
    openNewCode(app, () => void codes.reload());
}

function Search({ state, onSearch }: { state: State; onSearch: Props['onSearch'] }): VNode {
    const { rows, hasMore, isRead } = state.credentials;
    const isNarrowed = state.text.value !== '' && isRead.value;
    return (
        <div class="tools">
            <div class="in-ic">
                <Icon name="search" />
                <input
                    id="credential-search"
                    class="in mono"
                    type="search"
                    placeholder="Part of a name or a note"
                    aria-label="Search credentials"
                    autocomplete="off"
                    spellcheck={false}
                    value={state.text.value}
                    onInput={(event) => onSearch(event.currentTarget.value)}
                />
            </div>
            <span class="found" role="status">
                {isNarrowed &&
                    (hasMore.value ? 'More than ' : '') +
                        plural(rows.value.length, 'machine matches', 'machines match')}
            </span>
        </div>
    );
}

function NoCredentials({ state, onAdd }: { state: State; onAdd: () => void }): VNode {
    return (
        <div class="alone">
            {state.text.value === '' ? (
                <Empty
                    title="No machine has a credential of its own yet"
                    actions={
                        <>
                            <button type="button" class="btn" onClick={onAdd}>
                                Add a machine
                            </button>
                            <a class="btn" href="/connect">
                                Connect one with a key
                            </a>
                        </>
                    }
                >
                    <p>
                        A password or a certificate belongs to one machine, can be taken from it
                        alone, and gives it the topics of its roles, for example{' '}
                        <code>press-07</code> with <code>own</code>.
                    </p>
                </Empty>
            ) : (
                <Empty title="No machine matches">
                    <p>Shorter words find more.</p>
                </Empty>
            )}
        </div>
    );
}

function CredentialTable({ state }: { state: State }): VNode {
    const words = state.text.value.split(/\s+/);
    return (
        <DataTable<Credential>
            label="machines"
            rows={state.credentials.rows}
            hasMore={state.credentials.hasMore.value}
            onEnd={() => void state.credentials.more()}
            keyOf={(credential) => credential.machine}
            rowClass={(credential) => (credential.enabled ? '' : 'soft')}
            columns={[
                {
                    head: 'Machine',
                    cell: (credential) => (
                        <a
                            href={pathOf({
                                name: 'security',
                                tab: 'machines',
                                item: credential.machine,
                            })}
                        >
                            <Marked text={credential.machine} words={words} />
                        </a>
                    ),
                },
                {
                    head: 'State',
                    cell: (credential) =>
                        credential.enabled ? (
                            <Pill status="ok">enabled</Pill>
                        ) : (
                            <Pill status="off">disabled</Pill>
                        ),
                },
                {
                    head: 'Signs in with',
                    kind: 'x-s',
                    cell: (credential) => <SignsInWith credential={credential} />,
                },
                {
                    head: 'Topic roles',
                    kind: 'x-s',
                    cell: (credential) => <RoleTags names={credential.topic_roles} />,
                },
                {
                    head: 'Note',
                    kind: 'x-m',
                    cell: (credential) => (
                        <span class="dim">
                            <Marked text={credential.note} words={words} />
                        </span>
                    ),
                },
                {
                    head: 'Added',
                    kind: 'x-m num',
                    cell: (credential) => (
                        <span class="faint">{date(parseTime(credential.created_at) ?? 0)}</span>
                    ),
                },
            ]}
        />
    );
}
