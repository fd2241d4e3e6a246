/* Users: people who sign in at the console. Add, change the role or the password, remove. */

import { signal, useSignal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import type { Place } from '../app/router';
import { Pages } from '../app/resource';
import type { Scope } from '../app/scope';
import type { Page } from '../app/store';
import { problemText } from '../api/client';
import type { Role, UserRow } from '../api/types';
import { plural } from '../format/number';
import { date, parseTime } from '../format/time';
import { password_chars_min } from '../signin/strength';
import { Confirm } from '../ui/dialog';
import { Field, noteId } from '../ui/field';
import { FormDialog } from '../ui/form_dialog';
import { Icon } from '../ui/icon';
import { Section } from '../ui/section';
import { DataTable } from '../ui/table';
import { SecurityFrame } from './frame';
import { PagesBody } from './pages_body';
import { RolePick, RolesHelp } from './role_pick';
import { wordProblem } from './words';

type Users = Pages<UserRow>;

export function openUsers(app: App, place: Place, scope: Scope): Page {
    const users: Users = new Pages(scope, () => '/api/v1/users');
    if (app.mayAct('admin')) {
        void users.reload();
        if (place.query.get('new') !== null) {
            app.router.setQuery({ new: '' });
            queueMicrotask(() => openNewUser(app, users));
        }
    }
    return { view: () => <UsersView app={app} users={users} /> };
}

function UsersView({ app, users }: { app: App; users: Users }): VNode {
    const rows = users.rows.value;
    return (
        <SecurityFrame
            app={app}
            tab="users"
            needs="admin"
            what="Managing users"
            sentence={
                users.isRead.value
                    ? `${plural(rows.length, 'person', 'people')} may sign in here.`
                    : 'People who may sign in here.'
            }
            actions={
                <button type="button" class="btn pri" onClick={() => openNewUser(app, users)}>
                    <Icon name="plus" />
                    Add a user
                </button>
            }
        >
            {() => (
                <>
                    <Section title="Users" kind="flush">
                        <PagesBody app={app} pages={users} what="the users" empty={() => null}>
                            {() => <UsersTable app={app} users={users} />}
                        </PagesBody>
                    </Section>
                    <RolesHelp />
                </>
            )}
        </SecurityFrame>
    );
}

function UsersTable({ app, users }: { app: App; users: Users }): VNode {
    const session = app.store.session.value;
    const self = session.phase === 'in' ? session.session.user.name : '';
    return (
        <DataTable<UserRow>
            label="users"
            rows={users.rows}
            keyOf={(user) => user.name}
            columns={[
                {
                    head: 'Name',
                    cell: (user) => (
                        <span class="row">
                            <b class="strong">{user.name}</b>
                            {user.name === self && <span class="tag">you</span>}
                        </span>
                    ),
                },
                { head: 'Role', cell: (user) => <span class="tag">{user.role}</span> },
                {
                    head: 'Added',
                    kind: 'x-s',
                    cell: (user) => (
                        <span class="dim">{date(parseTime(user.created_at) ?? 0)}</span>
                    ),
                },
                {
                    head: '',
                    kind: 'num acts',
                    cell: (user) => (
                        <>
                            <button
                                type="button"
                                class="btn quiet sm"
                                aria-label={`Change ${user.name}`}
                                onClick={() => openChangeUser(app, users, user)}
                            >
                                Change
                            </button>
                            <button
                                type="button"
                                class="btn danger sm"
                                disabled={user.name === self}
                                title={user.name === self ? 'You are signed in as this user' : ''}
                                aria-label={`Remove ${user.name}`}
                                onClick={() => askRemove(app, users, user)}
                            >
                                Remove
                            </button>
                        </>
                    ),
                },
            ]}
        />
    );
}

function passwordProblem(password: string): string | null {
    return [...password].length < password_chars_min
        ? `A password has at least ${password_chars_min} characters.`
        : null;
}

function PasswordField(props: { id: string; value: Signal<string>; note: string }): VNode {
    return (
        <Field id={props.id} label="Password" note={props.note}>
            <input
                class="in"
                id={props.id}
                type="password"
                autocomplete="new-password"
                value={props.value.value}
                aria-describedby={noteId(props.id)}
                onInput={(event) => (props.value.value = event.currentTarget.value)}
            />
        </Field>
    );
}

function openNewUser(app: App, users: Users): void {
    const name = signal('');
    const password = signal('');
    const role = signal<Role>('viewer');
    const add = async (): Promise<string | null> => {
        const wrong = wordProblem(name.value.trim(), 'name') ?? passwordProblem(password.value);
        if (wrong !== null) {
            return wrong;
        }
        const body = { name: name.value.trim(), password: password.value, role: role.value };
        const result = await app.client.post('/api/v1/users', body, { isSecret: true });
        if (!result.ok) {
            return problemText(result.problem);
        }
        app.closeDialog();
        app.toast(`${body.name} may sign in as ${body.role}`);
        void users.reload();
        return null;
    };
    app.openDialog(() => (
        <FormDialog
            title="Add a user"
            act="Add the user"
            busy="Adding the user"
            onAct={add}
            onClose={() => app.closeDialog()}
        >
            <Field id="user-name" label="Name" note="Signs in with it; it stands in the audit.">
                <input
                    class="in"
                    id="user-name"
                    data-first
                    autocomplete="off"
                    spellcheck={false}
                    maxLength={64}
                    value={name.value}
                    aria-describedby={noteId('user-name')}
                    onInput={(event) => (name.value = event.currentTarget.value)}
                />
            </Field>
            <PasswordField
                id="user-password"
                value={password}
                note={`At least ${password_chars_min} characters. Tell it them in person.`}
            />
            <RolePick role={role} roles={['admin', 'operator', 'viewer']} />
        </FormDialog>
    ));
}

function openChangeUser(app: App, users: Users, user: UserRow): void {
    app.openDialog(() => <ChangeUser app={app} users={users} user={user} />);
}

function ChangeUser({ app, users, user }: { app: App; users: Users; user: UserRow }): VNode {
    const role = useSignal<Role>(user.role);
    const password = useSignal('');
    const change = async (): Promise<string | null> => {
        const wrong = password.value === '' ? null : passwordProblem(password.value);
        if (wrong !== null) {
            return wrong;
        }
        const body = {
            ...(role.value === user.role ? {} : { role: role.value }),
            ...(password.value === '' ? {} : { password: password.value }),
        };
        if (Object.keys(body).length === 0) {
            return 'Nothing is different yet.';
        }
        const path = `/api/v1/users/${encodeURIComponent(user.name)}`;
        const result = await app.client.patch(path, body, { isSecret: true });
        if (!result.ok) {
            return problemText(result.problem);
        }
        app.closeDialog();
        app.toast(`${user.name} is changed; sessions of before have ended`);
        void users.reload();
        return null;
    };
    return (
        <FormDialog
            title={`Change ${user.name}`}
            act="Save the change"
            busy="Saving"
            onAct={change}
            onClose={() => app.closeDialog()}
        >
            <RolePick role={role} roles={['admin', 'operator', 'viewer']} />
            <PasswordField
                id="user-password"
                value={password}
                note="Leave it empty to keep the password. A new one ends their sessions."
            />
        </FormDialog>
    );
}

function askRemove(app: App, users: Users, user: UserRow): void {
    const remove = async (): Promise<void> => {
        const result = await app.client.remove(`/api/v1/users/${encodeURIComponent(user.name)}`);
        if (result.ok) {
            app.toast(`${user.name} is removed`);
        } else {
            app.toastProblem(`${user.name} stays`, result.problem);
        }
        void users.reload();
    };
    app.openDialog(() => (
        <Confirm
            title={`Remove ${user.name}?`}
            keep="Keep them"
            act={`Remove ${user.name}`}
            onAct={() => void remove()}
            onClose={() => app.closeDialog()}
        >
            <p>
                Their sessions end at once. Keys that they made stay valid until they are revoked.
            </p>
        </Confirm>
    ));
}
