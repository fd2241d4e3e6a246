/* The first start: whoever holds the one-time link chooses who runs this node. The code stands
   behind the # of the link, so that it is never sent to a server or written to a log by the
   way. */

import { signal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import type { Place } from '../app/router';
import type { Scope } from '../app/scope';
import type { Page } from '../app/store';
import type { ClaimRequest, Problem, Session } from '../api/types';
import { problemText } from '../api/client';
import { plural } from '../format/number';
import { Field, noteId } from '../ui/field';
import { NoteLine } from '../ui/section';
import { Shape } from '../ui/shape';
import { Door } from './door';
import { password_chars_min, strengthOf } from './strength';

interface State {
    code: Signal<string>;
    password: Signal<string>;
    problem: Signal<Problem | null>;
    isBusy: Signal<boolean>;
}

export function openClaim(app: App, place: Place, scope: Scope): Page {
    const state: State = {
        code: signal(codeOf(place.hash)),
        password: signal(''),
        problem: signal(null),
        isBusy: signal(false),
    };
    scope.effect(() => {
        const code = codeOf(app.router.place.value.hash);
        if (code !== '') {
            state.code.value = code;
        }
    });
    return { view: () => <Claim app={app} state={state} /> };
}

function codeOf(hash: string): string {
    return hash.replace(/^#/, '').trim();
}

/** A whole link may be pasted where the code is asked for. */
export function codeIn(text: string): string {
    const cut = text.lastIndexOf('#');
    return (cut < 0 ? text : text.slice(cut + 1)).trim();
}

async function claim(app: App, state: State, form: HTMLFormElement): Promise<void> {
    const fields = new FormData(form);
    const request: ClaimRequest = {
        code: state.code.value,
        name: String(fields.get('name') ?? '').trim(),
        password: state.password.value,
    };
    state.isBusy.value = true;
    const result = await app.client.post<Session>('/api/v1/claim', request, { isSecret: true });
    state.isBusy.value = false;
    if (result.ok) {
        app.store.isClaimable.value = false;
        app.enter(result.value);
        app.router.go('/connect');
        app.toast(`${request.name} runs ${result.value.node} now`);
    } else {
        state.problem.value = result.problem;
    }
}

function Claim({ app, state }: { app: App; state: State }): VNode {
    const node = app.store.nodeName.value || 'this node';
    const problem = state.problem.value;
    const isTooShort = [...state.password.value].length < password_chars_min;
    return (
        <Door app={app} foot={<a href="/signin">Sign in instead</a>}>
            <form
                class="door-form"
                onSubmit={(event) => {
                    event.preventDefault();
                    void claim(app, state, event.currentTarget);
                }}
            >
                <div>
                    <h1>Claim this node</h1>
                    <p class="mt-2">
                        The one-time link that <b class="strong">{node}</b> printed at its first
                        start works once, for 15 min. Choose who runs this node; there is no default
                        password.
                    </p>
                </div>
                {problem !== null && (
                    <div role="alert">
                        <NoteLine level="crit" shape={<Shape status="crit" label="Refused" />}>
                            {problemText(problem)} <span class="faint">{problem.code}</span>
                        </NoteLine>
                    </div>
                )}
                <CodeField state={state} />
                <Field id="user-name" label="Your name here">
                    <input
                        class="in"
                        id="user-name"
                        name="name"
                        required
                        autocomplete="username"
                        maxLength={64}
                    />
                </Field>
                <PasswordField state={state} />
                <button
                    class="btn pri"
                    disabled={state.isBusy.value || isTooShort || state.code.value === ''}
                >
                    {state.isBusy.value ? 'Claiming' : `Claim ${node}`}
                </button>
                <p class="small">Next: connect a first machine, about one minute.</p>
            </form>
        </Door>
    );
}

/** Only when the address brought no code. */
function CodeField({ state }: { state: State }): VNode | null {
    if (state.code.value !== '') {
        return null;
    }
    return (
        <Field
            id="claim-code"
            label="The link, or the code at its end"
            note="The node printed it in its terminal when it started."
        >
            <input
                class="in mono"
                id="claim-code"
                autocomplete="off"
                spellcheck={false}
                aria-describedby={noteId('claim-code')}
                onChange={(event) => (state.code.value = codeIn(event.currentTarget.value))}
            />
        </Field>
    );
}

function PasswordField({ state }: { state: State }): VNode {
    const strength = strengthOf(state.password.value);
    const chars = [...state.password.value].length;
    const isWeak = strength.word === 'too short' || strength.word === 'weak';
    const size =
        chars === 0
            ? `At least ${password_chars_min} characters; a phrase of words is best.`
            : `${plural(chars, 'character')}, ${strength.word}.`;
    return (
        <Field id="user-password" label="Password" note={`${size} It never leaves this node.`}>
            <input
                class="in"
                id="user-password"
                type="password"
                required
                minLength={password_chars_min}
                autocomplete="new-password"
                aria-describedby={noteId('user-password')}
                onInput={(event) => (state.password.value = event.currentTarget.value)}
            />
            <div class={`strength${isWeak ? ' weak' : ''}`} aria-hidden="true">
                {[1, 2, 3, 4].map((bar) => (
                    <i key={bar} class={bar <= strength.bars ? 'on' : ''} />
                ))}
            </div>
        </Field>
    );
}
