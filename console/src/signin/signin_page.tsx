/* Sign in. Says how many tries are left, and counts a pause down; it never says which part was
   wrong. */

import { signal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import type { Place } from '../app/router';
import type { Scope } from '../app/scope';
import type { Page } from '../app/store';
import type { Problem, Session, SessionRequest } from '../api/types';
import { problemText } from '../api/client';
import { plural } from '../format/number';
import { Field } from '../ui/field';
import { NoteLine } from '../ui/section';
import { Shape } from '../ui/shape';
import { Door } from './door';

interface State {
    problem: Signal<Problem | null>;
    isBusy: Signal<boolean>;
    /** Until when the node refuses any try. */
    paused_until_ms: Signal<number>;
}

export function openSignIn(app: App, _place: Place, _scope: Scope): Page {
    const state: State = {
        problem: signal(null),
        isBusy: signal(false),
        paused_until_ms: signal(0),
    };
    return { view: () => <SignIn app={app} state={state} /> };
}

async function signIn(app: App, state: State, form: HTMLFormElement): Promise<void> {
    const fields = new FormData(form);
    const request: SessionRequest = {
        name: String(fields.get('name') ?? '').trim(),
        password: String(fields.get('password') ?? ''),
    };
    state.isBusy.value = true;
    const result = await app.client.post<Session>('/api/v1/session', request, { isSecret: true });
    state.isBusy.value = false;
    if (result.ok) {
        app.enter(result.value);
        return;
    }
    state.problem.value = result.problem;
    const { retry_after_s } = result.problem;
    if (retry_after_s !== undefined) {
        state.paused_until_ms.value = Date.now() + retry_after_s * 1000;
    }
    form.querySelector<HTMLInputElement>('[name=password]')?.select();
}

/** What the reader should know of the last try. */
export function refusalText(problem: Problem, pause_s: number): string {
    if (problem.status === 429) {
        return pause_s > 0
            ? `Too many tries. The next one is possible in ${pause_s} s.`
            : 'Too many tries. The pause is over: try again.';
    }
    if (problem.status === 401) {
        const left = problem.tries_left;
        const tries =
            left === undefined ? '' : ` ${plural(left, 'try', 'tries')} left, then a pause.`;
        return `The last try was refused: wrong name or password.${tries}`;
    }
    return problemText(problem);
}

function SignIn({ app, state }: { app: App; state: State }): VNode {
    const now_ms = app.store.now_ms.value;
    const pause_s = Math.max(0, Math.ceil((state.paused_until_ms.value - now_ms) / 1000));
    const problem = state.problem.value;
    return (
        <Door app={app} foot={<a href="/claim">I have a claim link</a>}>
            <form
                class="door-form"
                onSubmit={(event) => {
                    event.preventDefault();
                    void signIn(app, state, event.currentTarget);
                }}
            >
                <div>
                    <h1>Sign in</h1>
                    <p class="mt-2">
                        <b class="strong">{app.store.nodeName.value || 'This node'}</b>. Works
                        without the internet.
                    </p>
                </div>
                {problem !== null && (
                    <div role="alert">
                        <NoteLine
                            level="caution"
                            shape={<Shape status="caution" label="Caution" />}
                        >
                            {refusalText(problem, pause_s)}
                        </NoteLine>
                    </div>
                )}
                {app.store.isClaimable.value && (
                    <NoteLine level="info" shape={<Shape status="info" />}>
                        Nobody has claimed this node yet. Open the link that it printed when it
                        started.
                    </NoteLine>
                )}
                <Field id="user-name" label="Name">
                    <input
                        class="in"
                        id="user-name"
                        name="name"
                        required
                        autocomplete="username"
                        autofocus
                    />
                </Field>
                <Field id="user-password" label="Password">
                    <input
                        class="in"
                        id="user-password"
                        name="password"
                        type="password"
                        required
                        autocomplete="current-password"
                    />
                </Field>
                <button class="btn pri" disabled={state.isBusy.value || pause_s > 0}>
                    {state.isBusy.value ? 'Signing in' : 'Sign in'}
                </button>
                <p class="small">
                    Locked out? On the node, run <code>kith token create --role admin</code>.
                </p>
            </form>
        </Door>
    );
}
