/* Try a right: may this machine, principal or role publish or subscribe there, and which rule says
   so? The answer is the node's own, and the deciding line stands marked in its role. */

import { signal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import type { Place } from '../app/router';
import { codeNoRoute } from '../app/resource';
import type { Scope } from '../app/scope';
import type { Page } from '../app/store';
import { sentence } from '../api/client';
import type { AclAnswer, AclQuestion, Problem, TopicRole } from '../api/types';
import { Segmented } from '../ui/button';
import { Field, noteId } from '../ui/field';
import { Absent } from '../ui/loaded';
import { Section } from '../ui/section';
import { Shape } from '../ui/shape';
import { Failed } from '../ui/states';
import { SecurityFrame } from './frame';
import { RuleText } from './rule_text';

type Who = 'machine' | 'role' | 'principal';
type Action = 'publish' | 'subscribe';

interface Asked {
    who: Who;
    name: string;
    action: Action;
    topic: string;
}

interface State {
    who: Signal<Who>;
    name: Signal<string>;
    /** Whose role it is thought to be: for ${machine} of a topic role. */
    machine: Signal<string>;
    client: Signal<string>;
    action: Signal<Action>;
    topic: Signal<string>;
    wrong: Signal<string | null>;
    isBusy: Signal<boolean>;
    asked: Signal<Asked | null>;
    answer: Signal<AclAnswer | null>;
    problem: Signal<Problem | null>;
    rules: Signal<string | null>;
}

export function openAcl(app: App, place: Place, scope: Scope): Page {
    const { query } = place;
    const role = query.get('role');
    const principal = query.get('principal');
    const state: State = {
        who: signal<Who>(role !== null ? 'role' : principal !== null ? 'principal' : 'machine'),
        name: signal(role ?? principal ?? query.get('machine') ?? ''),
        machine: signal(''),
        client: signal(''),
        action: signal<Action>('publish'),
        topic: signal(query.get('topic') ?? ''),
        wrong: signal(null),
        isBusy: signal(false),
        asked: signal(null),
        answer: signal(null),
        problem: signal(null),
        rules: signal(null),
    };
    const ask = (): Promise<void> => test(app, scope, state);
    return { view: () => <View app={app} state={state} onAsk={() => void ask()} /> };
}

async function test(app: App, scope: Scope, state: State): Promise<void> {
    const name = state.name.peek().trim();
    const topic = state.topic.peek().trim();
    state.wrong.value =
        name === ''
            ? 'Who is asking? A name is needed.'
            : topic === ''
              ? 'A topic is needed.'
              : null;
    if (state.wrong.peek() !== null) {
        return;
    }
    const who = state.who.peek();
    const asked: Asked = { who, name, action: state.action.peek(), topic };
    state.isBusy.value = true;
    const result = await app.client.post<AclAnswer>('/api/v1/acl-test', questionOf(state, asked));
    if (scope.isClosed) {
        return;
    }
    state.isBusy.value = false;
    state.asked.value = asked;
    state.rules.value = null;
    state.answer.value = result.ok ? result.value : null;
    state.problem.value = result.ok ? null : result.problem;
    const decided = result.ok ? result.value.decided_by : null;
    if (decided !== null) {
        const path = `/api/v1/roles/${encodeURIComponent(decided.role)}`;
        const role = await scope.get<TopicRole>(path);
        if (role.ok && state.asked.peek() === asked) {
            state.rules.value = role.value.rules;
        }
    }
}

/** As the node wants it. A machine's client id is its name, where nothing else is said. */
function questionOf(state: State, { who, name, action, topic }: Asked): AclQuestion {
    const client = state.client.peek().trim();
    const machine = who === 'role' ? state.machine.peek().trim() : who === 'machine' ? name : '';
    const question: AclQuestion = { action, topic, client_id: client === '' ? machine : client };
    switch (who) {
        case 'machine':
            return { ...question, machine };
        case 'role':
            return { ...question, role: name, machine };
        case 'principal':
            return { ...question, principal: name };
    }
}

interface Props {
    app: App;
    state: State;
    onAsk: () => void;
}

function View({ app, state, onAsk }: Props): VNode {
    return (
        <SecurityFrame
            app={app}
            tab="test"
            needs="admin"
            what="Trying rights"
            sentence="Asks the node what it would decide now; nothing is published."
        >
            {() => (
                <div class="cols c-2">
                    <Section title="Question">
                        <Form state={state} onAsk={onAsk} />
                    </Section>
                    <Section title="Answer">
                        <div aria-live="polite">
                            <Answer app={app} state={state} onAsk={onAsk} />
                        </div>
                    </Section>
                </div>
            )}
        </SecurityFrame>
    );
}

const nameNotes: Record<Who, string> = {
    machine: 'A machine with a credential, for example press-07.',
    role: 'A topic role, for example own.',
    principal: 'user:anna, token:k3f9 or anonymous, as the audit names it.',
};

const clientNotes: Record<Who, string> = {
    machine: 'the same as the name',
    role: 'the same as the machine',
    principal: 'none',
};

function Form({ state, onAsk }: { state: State; onAsk: () => void }): VNode {
    return (
        <form
            class="stack acl-form"
            onSubmit={(event) => {
                event.preventDefault();
                onAsk();
            }}
        >
            <Segmented<Who>
                label="Who asks"
                value={state.who.value}
                choices={[
                    { value: 'machine', label: 'A machine' },
                    { value: 'role', label: 'A topic role' },
                    { value: 'principal', label: 'A user or key' },
                ]}
                onChoose={(who) => (state.who.value = who)}
            />
            <Text id="acl-name" label="Name" note={nameNotes[state.who.value]} value={state.name} />
            {state.who.value === 'role' && (
                <Text
                    id="acl-machine"
                    label="Machine that has it"
                    note="Stands for ${machine}. Empty: no machine."
                    value={state.machine}
                />
            )}
            <Text
                id="acl-client"
                label="Client id"
                note={`Stands for \${client}. Empty: ${clientNotes[state.who.value]}.`}
                value={state.client}
            />
            <Segmented<Action>
                label="Wants to"
                value={state.action.value}
                choices={[
                    { value: 'publish', label: 'publish to' },
                    { value: 'subscribe', label: 'subscribe to' },
                ]}
                onChoose={(action) => (state.action.value = action)}
            />
            <Text
                id="acl-topic"
                label={state.action.value === 'publish' ? 'Topic' : 'Filter'}
                note="For example plant/press-07/temp_c."
                value={state.topic}
            />
            {state.wrong.value !== null && (
                <p class="form-problem" role="alert">
                    <Shape status="crit" label="Wrong" />
                    <span>{state.wrong.value}</span>
                </p>
            )}
            <div>
                <button class="btn pri" disabled={state.isBusy.value}>
                    {state.isBusy.value ? 'Asking' : 'Ask the node'}
                </button>
            </div>
        </form>
    );
}

function Text(props: { id: string; label: string; note: string; value: Signal<string> }): VNode {
    return (
        <Field id={props.id} label={props.label} note={props.note}>
            <input
                class="in mono"
                id={props.id}
                autocomplete="off"
                spellcheck={false}
                value={props.value.value}
                aria-describedby={noteId(props.id)}
                onInput={(event) => (props.value.value = event.currentTarget.value)}
            />
        </Field>
    );
}

function Answer({ app, state, onAsk }: Props): VNode {
    const asked = state.asked.value;
    const problem = state.problem.value;
    const answer = state.answer.value;
    if (problem !== null) {
        return problem.code === codeNoRoute ? (
            <Absent what="the tester of rights" />
        ) : (
            <Failed
                what="The answer"
                problem={problem}
                node={app.store.nodeName.value}
                onRetry={onAsk}
            />
        );
    }
    if (asked === null || answer === null) {
        return (
            <p class="dim">
                Whether it is allowed, and by which line of which role, will stand here.
            </p>
        );
    }
    const { decided_by } = answer;
    return (
        <div class="stack">
            <p class={answer.allowed ? 'verdict allowed' : 'verdict denied'}>
                <Shape status={answer.allowed ? 'ok' : 'crit'} />
                {answer.allowed ? 'Allowed' : 'Denied'}
            </p>
            <p>
                <b class="strong">{asked.name}</b> {answer.allowed ? 'may' : 'may not'}{' '}
                {asked.action === 'publish' ? 'publish to' : 'subscribe to'}{' '}
                <code>{asked.topic}</code>.
            </p>
            {decided_by === null && <p class="dim">{sentence(answer.why)}</p>}
            {answer.unknown_roles.length > 0 && (
                <p class="form-problem">
                    <Shape status="caution" label="Caution" />
                    <span>There is no topic role {answer.unknown_roles.join(', ')}.</span>
                </p>
            )}
            {decided_by !== null && (
                <>
                    <h3>
                        Decided by line {decided_by.line} of{' '}
                        <a href={`/security/roles/${encodeURIComponent(decided_by.role)}`}>
                            {decided_by.role}
                        </a>
                    </h3>
                    {state.rules.value === null ? (
                        <RuleText rules={decided_by.text} label="The rule" />
                    ) : (
                        <RuleText
                            rules={state.rules.value}
                            mark={decided_by.line}
                            label={`Rules of ${decided_by.role}`}
                        />
                    )}
                </>
            )}
        </div>
    );
}
