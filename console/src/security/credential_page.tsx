/* One machine's credential: enabled or not, its roles, its password, its certificates. */

import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import { pathOf, type Place } from '../app/router';
import { Pages, Resource } from '../app/resource';
import type { Scope } from '../app/scope';
import type { Page } from '../app/store';
import { problemText } from '../api/client';
import type { Credential, MachineCertificate } from '../api/types';
import { date, parseTime } from '../format/time';
import { Confirm } from '../ui/dialog';
import { Field } from '../ui/field';
import { FormDialog } from '../ui/form_dialog';
import { Icon } from '../ui/icon';
import { Loaded } from '../ui/loaded';
import { Section } from '../ui/section';
import { Pill } from '../ui/shape';
import { DataTable } from '../ui/table';
import { SecurityFrame } from './frame';
import { openNewCertificate } from './new_certificate';
import { showSecrets, TopicRolesField } from './new_credential';
import { PagesBody } from './pages_body';
import { daysStatus, daysText, shortFingerprint, splitNames } from './words';

interface State {
    machine: string;
    path: string;
    credential: Resource<Credential>;
    certificates: Pages<MachineCertificate>;
    read: () => void;
}

const day_ms = 86_400_000;

export function openCredential(app: App, place: Place, scope: Scope): Page {
    const machine = place.route.name === 'security' ? (place.route.item ?? '') : '';
    const path = `/api/v1/credentials/${encodeURIComponent(machine)}`;
    const credential = new Resource<Credential>(app, scope, () => path);
    const certificates = new Pages<MachineCertificate>(scope, () => `${path}/certificates`);
    const read = (): void => {
        void credential.read();
        void certificates.reload();
    };
    if (app.mayAct('admin')) {
        read();
    }
    const state: State = { machine, path, credential, certificates, read };
    return { view: () => <View app={app} state={state} /> };
}

function View({ app, state }: { app: App; state: State }): VNode {
    const { machine, credential } = state;
    const value = credential.value.value;
    return (
        <SecurityFrame
            app={app}
            tab="machines"
            needs="admin"
            what="Managing machines’ credentials"
            sentence={
                <>
                    <a href="/security/machines">All machines</a> / <b class="strong">{machine}</b>
                </>
            }
            actions={
                value !== null && (
                    <>
                        <button
                            type="button"
                            class="btn"
                            onClick={() => void enable(app, state, !value.enabled)}
                        >
                            {value.enabled ? 'Disable' : 'Enable'}
                        </button>
                        <button
                            type="button"
                            class="btn danger"
                            onClick={() => askRemove(app, state)}
                        >
                            Remove
                        </button>
                    </>
                )
            }
        >
            {() => (
                <div class="cols c-2">
                    <Section
                        title="Credential"
                        actions={
                            value !== null && (
                                <>
                                    <button
                                        type="button"
                                        class="btn quiet sm"
                                        onClick={() =>
                                            app.openDialog(() => (
                                                <Change app={app} state={state} value={value} />
                                            ))
                                        }
                                    >
                                        Change
                                    </button>
                                    <button
                                        type="button"
                                        class="btn quiet sm"
                                        onClick={() => askPassword(app, state)}
                                    >
                                        New password
                                    </button>
                                </>
                            )
                        }
                    >
                        <Loaded app={app} of={credential} what="the credential">
                            {(one) => <Facts credential={one} />}
                        </Loaded>
                    </Section>
                    <Section
                        title="Certificates"
                        kind="flush"
                        actions={
                            !state.certificates.isAbsent && (
                                <button
                                    type="button"
                                    class="btn quiet sm"
                                    onClick={() => openNewCertificate(app, machine, state.read)}
                                >
                                    <Icon name="plus" />
                                    Add one
                                </button>
                            )
                        }
                    >
                        <PagesBody
                            app={app}
                            pages={state.certificates}
                            what="the certificates"
                            empty={() => (
                                <p class="inset dim">
                                    None. With one it signs in over mqtts without a password.
                                </p>
                            )}
                        >
                            {() => <Certificates app={app} state={state} />}
                        </PagesBody>
                    </Section>
                </div>
            )}
        </SecurityFrame>
    );
}

function Facts({ credential }: { credential: Credential }): VNode {
    return (
        <dl class="kv">
            <dt>State</dt>
            <dd>
                {credential.enabled ? (
                    <Pill status="ok">enabled</Pill>
                ) : (
                    <Pill status="off">disabled, refused at once</Pill>
                )}
            </dd>
            <dt>Password</dt>
            <dd>{passwordText(credential)}</dd>
            <dt>Topic roles</dt>
            <dd>
                {credential.topic_roles.length === 0
                    ? 'none'
                    : credential.topic_roles.map((name, index) => (
                          <span key={name}>
                              {index > 0 && ', '}
                              <a href={pathOf({ name: 'security', tab: 'roles', item: name })}>
                                  {name}
                              </a>
                          </span>
                      ))}
            </dd>
            <dt>Rights</dt>
            <dd>
                <a href={`/security/test?machine=${encodeURIComponent(credential.machine)}`}>
                    Try what it may
                </a>
            </dd>
            <dt>Note</dt>
            <dd>{credential.note === '' ? <span class="faint">none</span> : credential.note}</dd>
            <dt>Added</dt>
            <dd>{date(parseTime(credential.created_at) ?? 0)}</dd>
            <dt>Session</dt>
            <dd>
                <a href={pathOf({ name: 'machine', id: credential.machine })}>
                    {credential.machine} under Machines
                </a>
            </dd>
        </dl>
    );
}

function passwordText(credential: Credential): string {
    if (!credential.has_password) {
        return 'none';
    }
    return credential.has_scram
        ? 'set; SCRAM proves it without showing it'
        : 'set; only its hash is kept';
}

function Certificates({ app, state }: { app: App; state: State }): VNode {
    const now_ms = app.store.now_ms.value;
    const daysOf = (one: MachineCertificate): number =>
        Math.floor(((parseTime(one.not_after) ?? now_ms) - now_ms) / day_ms);
    return (
        <DataTable<MachineCertificate>
            label="certificates"
            rows={state.certificates.rows}
            keyOf={(one) => one.fingerprint}
            rowClass={(one) => (one.revoked_at === null ? '' : 'soft')}
            columns={[
                {
                    head: 'Fingerprint',
                    cell: (one) => (
                        <>
                            <code title={one.fingerprint}>{shortFingerprint(one.fingerprint)}</code>
                            <div class="small faint">{one.subject}</div>
                        </>
                    ),
                },
                {
                    head: 'Valid',
                    cell: (one) =>
                        one.revoked_at === null ? (
                            <Pill status={daysStatus(daysOf(one))}>{daysText(daysOf(one))}</Pill>
                        ) : (
                            <Pill status="off">revoked {date(parseTime(one.revoked_at) ?? 0)}</Pill>
                        ),
                },
                {
                    head: '',
                    kind: 'num acts',
                    cell: (one) =>
                        one.revoked_at === null && (
                            <button
                                type="button"
                                class="btn danger sm"
                                aria-label={`Revoke ${shortFingerprint(one.fingerprint)}`}
                                onClick={() => askRevoke(app, state, one)}
                            >
                                Revoke
                            </button>
                        ),
                },
            ]}
        />
    );
}

async function enable(app: App, state: State, enabled: boolean): Promise<void> {
    const result = await app.client.patch(state.path, { enabled });
    if (result.ok) {
        app.toast(
            enabled
                ? `${state.machine} may connect again`
                : `${state.machine} is disabled and disconnected`,
        );
    } else {
        app.toastProblem(`${state.machine} stays as it was`, result.problem);
    }
    state.read();
}

function Change({ app, state, value }: { app: App; state: State; value: Credential }): VNode {
    const note = useSignal(value.note);
    const roles = useSignal(value.topic_roles.join(' '));
    const save = async (): Promise<string | null> => {
        const result = await app.client.patch(state.path, {
            note: note.value.trim(),
            topic_roles: splitNames(roles.value),
        });
        if (!result.ok) {
            return problemText(result.problem);
        }
        app.closeDialog();
        app.toast(`${state.machine} is changed`);
        state.read();
        return null;
    };
    return (
        <FormDialog
            title={`Change ${state.machine}`}
            act="Save the change"
            busy="Saving"
            onAct={save}
            onClose={() => app.closeDialog()}
        >
            <TopicRolesField id="machine-roles" value={roles} />
            <p class="small faint">
                Other topic roles disconnect it once; it comes back with them.
            </p>
            <Field id="machine-note" label="Note">
                <input
                    class="in"
                    id="machine-note"
                    maxLength={200}
                    value={note.value}
                    onInput={(event) => (note.value = event.currentTarget.value)}
                />
            </Field>
        </FormDialog>
    );
}

function askPassword(app: App, state: State): void {
    const make = async (): Promise<void> => {
        const body = { password: 'generate' };
        const result = await app.client.patch<Credential>(state.path, body, { isSecret: true });
        state.read();
        if (!result.ok) {
            app.toastProblem(`${state.machine} keeps its password`, result.problem);
            return;
        }
        showSecrets(app, state.machine, [
            { label: 'User name', text: state.machine },
            { label: 'Password', text: result.value.password ?? '' },
        ]);
    };
    app.openDialog(() => (
        <Confirm
            title={`A new password for ${state.machine}?`}
            keep="Keep the old one"
            act="Make a new password"
            onAct={() => void make()}
            onClose={() => app.closeDialog()}
        >
            <p>The old one ends at once: {state.machine} is refused until it has the new one.</p>
        </Confirm>
    ));
}

function askRevoke(app: App, state: State, one: MachineCertificate): void {
    const revoke = async (): Promise<void> => {
        const result = await app.client.remove(`${state.path}/certificates/${one.fingerprint}`);
        if (result.ok) {
            app.toast('The certificate is revoked');
        } else {
            app.toastProblem('The certificate stays valid', result.problem);
        }
        state.read();
    };
    app.openDialog(() => (
        <Confirm
            title={`Revoke the certificate ${shortFingerprint(one.fingerprint)}?`}
            keep="Keep it"
            act="Revoke the certificate"
            onAct={() => void revoke()}
            onClose={() => app.closeDialog()}
        >
            <p>
                Whoever came in with it is disconnected. A revoked certificate cannot come back;
                this node can issue a new one.
            </p>
        </Confirm>
    ));
}

function askRemove(app: App, state: State): void {
    const remove = async (): Promise<void> => {
        const result = await app.client.remove(state.path);
        if (result.ok) {
            app.toast(`The credential of ${state.machine} is removed`);
            app.router.go('/security/machines');
        } else {
            app.toastProblem(`${state.machine} stays`, result.problem);
        }
    };
    app.openDialog(() => (
        <Confirm
            title={`Remove the credential of ${state.machine}?`}
            keep="Keep it"
            act={`Remove ${state.machine}`}
            onAct={() => void remove()}
            onClose={() => app.closeDialog()}
        >
            <p>
                Its password and certificates end, and it is disconnected. Its session and what
                waits for it stay until it is forgotten under Machines.
            </p>
        </Confirm>
    ));
}
