/* One topic role: its rules to read, or an editor that says what is wrong in which line, and shows
   the difference before it saves. */

import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import type { App } from '../app/app';
import { pathOf, type Place } from '../app/router';
import { Resource } from '../app/resource';
import type { Scope } from '../app/scope';
import type { Page } from '../app/store';
import { problemText } from '../api/client';
import type { Credential, List, Problem, Token, TopicRole } from '../api/types';
import { plural } from '../format/number';
import { date, parseTime } from '../format/time';
import { Confirm } from '../ui/dialog';
import { Field, noteId } from '../ui/field';
import { FormDialog } from '../ui/form_dialog';
import { Loaded } from '../ui/loaded';
import { Section } from '../ui/section';
import { Shape } from '../ui/shape';
import { SecurityFrame } from './frame';
import { RuleLine, RuleText } from './rule_text';
import { diffOf, originOf, problemsOf, readLineProblem, type LineProblem } from './rules';

interface State {
    name: string;
    path: string;
    role: Resource<TopicRole>;
    keys: Resource<List<Token>>;
    machines: Resource<List<Credential>>;
    /** What stands in the editor; null while it is as the node has it. */
    draft: Signal<string | null>;
    note: Signal<string | null>;
    /** What the node found wrong when it was to save. */
    refused: Signal<LineProblem | null>;
    problems: ReadonlySignal<LineProblem[]>;
    isNew: Signal<boolean>;
}

/** Machines that are looked at for who uses a role. */
const machines_looked_at = 1_000;

const example = [
    '# What a sensor may do: its own place, and the alarms of all.',
    'allow publish   plant/${machine}/#',
    'allow subscribe plant/+/alarms',
    'allow both      $m/${machine}/#',
    '',
].join('\n');

export function openRole(app: App, place: Place, scope: Scope): Page {
    const { route, query } = place;
    const name = route.name === 'security' ? (route.item ?? '') : '';
    const wanted = { name, isNew: query.has('new') };
    const path = `/api/v1/roles/${encodeURIComponent(wanted.name)}`;
    const draft = signal<string | null>(wanted.isNew ? example : null);
    const refused = signal<LineProblem | null>(null);
    const role = new Resource<TopicRole>(app, scope, () => path);
    const state: State = {
        name: wanted.name,
        path,
        role,
        keys: new Resource<List<Token>>(app, scope, () => '/api/v1/tokens'),
        machines: new Resource<List<Credential>>(
            app,
            scope,
            () => `/api/v1/credentials?limit=${machines_looked_at}`,
        ),
        draft,
        note: signal(null),
        refused,
        problems: computed(() => {
            const stored = role.value.value?.problem ?? null;
            if (draft.value === null && stored !== null) {
                return [{ ...stored, text: `expected ${stored.expected}` }];
            }
            const own = problemsOf(draft.value ?? '');
            const told = refused.value;
            return told === null || own.some((one) => one.line === told.line)
                ? own
                : [...own, told];
        }),
        isNew: signal(wanted.isNew),
    };
    if (app.mayAct('admin')) {
        if (!wanted.isNew) {
            void state.role.read();
            void state.keys.read();
            void state.machines.read();
        }
    }
    return { view: () => <View app={app} state={state} /> };
}

function View({ app, state }: { app: App; state: State }): VNode {
    const role = state.role.value.value;
    const mayEdit = state.isNew.value || (role !== null && !role.built_in && !role.from_file);
    const isChanged = state.draft.value !== null || state.note.value !== null;
    return (
        <SecurityFrame
            app={app}
            tab="roles"
            needs="admin"
            what="Managing topic roles"
            sentence={
                <>
                    <a href="/security/roles">All topic roles</a> /{' '}
                    <b class="strong">{state.name}</b>
                    {role !== null && `, ${originOf(role)}`}
                </>
            }
            actions={
                mayEdit && (
                    <>
                        {!state.isNew.value && (
                            <button
                                type="button"
                                class="btn danger"
                                onClick={() => askRemove(app, state)}
                            >
                                Remove
                            </button>
                        )}
                        <button
                            type="button"
                            class="btn pri"
                            disabled={!isChanged || state.problems.value.length > 0}
                            onClick={() => askSave(app, state)}
                        >
                            Look at the change
                        </button>
                    </>
                )
            }
        >
            {() => (
                <div class="cols c-side">
                    <Section title="Rules" note="deny wins, in whatever order">
                        {state.isNew.value ? (
                            <Editor state={state} rules="" note="" />
                        ) : (
                            <Loaded app={app} of={state.role} what="the role" rows={6}>
                                {(one) =>
                                    mayEdit ? (
                                        <Editor state={state} rules={one.rules} note={one.note} />
                                    ) : (
                                        <ReadOnly role={one} />
                                    )
                                }
                            </Loaded>
                        )}
                    </Section>
                    <Section title="How rules are read">
                        <Language />
                        {role !== null && role.updated_at !== null && (
                            <p class="small faint mt-3">
                                Changed {date(parseTime(role.updated_at) ?? 0)}
                            </p>
                        )}
                        {!state.isNew.value && <UsedBy state={state} />}
                        {!state.isNew.value && (
                            <p class="mt-3">
                                <a href={`/security/test?role=${encodeURIComponent(state.name)}`}>
                                    Try what {state.name} may
                                </a>
                            </p>
                        )}
                    </Section>
                </div>
            )}
        </SecurityFrame>
    );
}

const names_shown_max = 12;

/** Keys and machines that have the role. */
function UsedBy({ state }: { state: State }): VNode | null {
    const keys = state.keys.value.value;
    const machines = state.machines.value.value;
    if (keys === null && machines === null) {
        return null;
    }
    const has = (one: Credential | Token): boolean => one.topic_roles.includes(state.name);
    const users = [
        ...(machines?.items ?? []).filter(has).map((one) => ({
            name: one.machine,
            path: pathOf({ name: 'security', tab: 'machines', item: one.machine }),
        })),
        ...(keys?.items ?? []).filter(has).map((one) => ({
            name: `key ${one.name}`,
            path: '/security/keys',
        })),
    ];
    const isPart = machines !== null && machines.next !== null;
    return (
        <>
            <h3 class="sub">Who has it</h3>
            <p class="dim">
                {users.length === 0 && 'Nobody'}
                {users.slice(0, names_shown_max).map((user, index) => (
                    <span key={user.path + user.name}>
                        {index > 0 && ', '}
                        <a href={user.path}>{user.name}</a>
                    </span>
                ))}
                {users.length > names_shown_max &&
                    ` and ${plural(users.length - names_shown_max, 'other')}`}
                {isPart && `, of the first ${plural(machines_looked_at, 'machine')}`}
            </p>
        </>
    );
}

function ReadOnly({ role }: { role: TopicRole }): VNode {
    return (
        <div class="stack">
            {role.note !== '' && <p class="dim">{role.note}</p>}
            <RuleText rules={role.rules} label={`Rules of ${role.name}`} />
            <p class="small faint">
                {role.built_in
                    ? 'Built in: it stays as it is. Write a role of your own with what you need.'
                    : 'From the file that access.acl_file names; the node reads it at SIGHUP.'}
            </p>
        </div>
    );
}

function Language(): VNode {
    return (
        <div class="stack">
            <p class="dim">
                One rule a line: its effect, its action, its topic. What nothing allows is denied.
            </p>
            <RuleText
                label="An example"
                rules={'allow publish plant/${machine}/#\ndeny  both    plant/secret/#'}
            />
            <dl class="kv">
                <dt>action</dt>
                <dd class="dim">publish, subscribe, or both</dd>
                <dt>
                    <code>{'${client}'}</code>
                </dt>
                <dd class="dim">the client id</dd>
                <dt>
                    <code>{'${machine}'}</code>
                </dt>
                <dd class="dim">the machine that the credential belongs to</dd>
                <dt>
                    <code>{'${tenant}'}</code>
                </dt>
                <dd class="dim">the tenant</dd>
                <dt>
                    <code>#</code>
                </dt>
                <dd class="dim">at the start of a line: a comment</dd>
            </dl>
        </div>
    );
}

function Editor(props: { state: State; rules: string; note: string }): VNode {
    const { state } = props;
    const text = state.draft.value ?? props.rules;
    const gutter = useRef<HTMLDivElement>(null);
    const area = useRef<HTMLTextAreaElement>(null);
    const problems = new Map(state.problems.value.map((one) => [one.line, one]));
    const lines = text.split('\n');
    const onInput = (value: string): void => {
        state.refused.value = null;
        state.draft.value = !state.isNew.peek() && value === props.rules ? null : value;
    };
    return (
        <div class="stack">
            <Field id="role-note" label="Note">
                <input
                    class="in"
                    id="role-note"
                    maxLength={200}
                    value={state.note.value ?? props.note}
                    onInput={(event) => {
                        const value = event.currentTarget.value;
                        state.note.value = value === props.note ? null : value;
                    }}
                />
            </Field>
            <div class="editor">
                <div class="gutter" ref={gutter} aria-hidden="true">
                    {lines.map((_, index) => (
                        <span key={index} class={problems.has(index + 1) ? 'wrong' : ''}>
                            {index + 1}
                        </span>
                    ))}
                </div>
                <textarea
                    ref={area}
                    id="role-rules"
                    class="mono"
                    aria-label="Rules"
                    aria-invalid={problems.size > 0}
                    aria-describedby={noteId('role-rules')}
                    spellcheck={false}
                    autocomplete="off"
                    wrap="off"
                    rows={Math.min(28, Math.max(12, lines.length + 1))}
                    value={text}
                    onInput={(event) => onInput(event.currentTarget.value)}
                    onScroll={(event) => {
                        if (gutter.current) {
                            gutter.current.scrollTop = event.currentTarget.scrollTop;
                        }
                    }}
                />
            </div>
            <div id={noteId('role-rules')} role="status" class="line-problems">
                {[...problems].map(([line, problem]) => (
                    <button type="button" key={line} onClick={() => goTo(area.current, problem)}>
                        <Shape status="crit" label="Wrong" />
                        <b class="strong">Line {line}</b> {problem.text}
                    </button>
                ))}
                {problems.size === 0 && (
                    <span class="small faint">
                        {state.draft.value === null ? 'As the node has it.' : 'Every line reads.'}
                    </span>
                )}
            </div>
        </div>
    );
}

/** Selects what is wrong: from its column on, or the whole line. */
function goTo(area: HTMLTextAreaElement | null, { line, column = 1 }: LineProblem): void {
    if (!area) {
        return;
    }
    const lines = area.value.split('\n');
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    area.focus();
    const length = lines[line - 1]?.length ?? 0;
    area.setSelectionRange(start + Math.min(column - 1, length), start + length);
}

function askSave(app: App, state: State): void {
    const role = state.role.value.peek();
    const before = state.isNew.peek() ? '' : (role?.rules ?? '');
    const after = state.draft.peek() ?? before;
    const save = async (): Promise<string | null> => {
        const body = { rules: after, note: state.note.peek() ?? role?.note ?? '' };
        const version = role?.version;
        const options = version === undefined ? { mustBeNew: true } : { ifMatch: `"${version}"` };
        const result = await app.client.put<TopicRole>(state.path, body, options);
        if (!result.ok) {
            state.refused.value = readLineProblem(result.problem.detail ?? '');
            return whyNot(result.problem, state.name, state.isNew.peek());
        }
        app.closeDialog();
        app.toast(`${state.name} is saved; connected clients follow at once`);
        state.draft.value = null;
        state.note.value = null;
        state.isNew.value = false;
        app.router.setQuery({ new: '' });
        await state.role.read();
        return null;
    };
    const lines = diffOf(before, after).filter((line) => line.kind !== 'same' || line.text !== '');
    const changed = lines.filter((line) => line.kind !== 'same').length;
    app.openDialog(() => (
        <FormDialog
            title={`Save ${state.name}?`}
            act="Save the role"
            busy="Saving"
            onAct={save}
            onClose={() => app.closeDialog()}
        >
            <p>
                {changed === 0
                    ? 'The note changes, the rules stay.'
                    : `${plural(changed, 'line is', 'lines are')} different.`}
            </p>
            <div class="diff" tabIndex={0} role="region" aria-label="The change">
                {lines.map((line, index) => (
                    <div key={index} class={`d-${line.kind}`}>
                        <span aria-hidden="true">
                            {{ same: ' ', new: '+', gone: '−' }[line.kind]}
                        </span>
                        <span class="vh">
                            {{ same: '', new: 'new: ', gone: 'gone: ' }[line.kind]}
                        </span>
                        <code>
                            <RuleLine text={line.text} />
                        </code>
                    </div>
                ))}
            </div>
        </FormDialog>
    ));
}

function whyNot(problem: Problem, name: string, isNew: boolean): string {
    if (problem.status !== 412) {
        return problemText(problem);
    }
    return isNew
        ? `There is a topic role ${name} already. Open it, or choose another name.`
        : 'Somebody else changed it meanwhile. Open the role again to see what.';
}

function askRemove(app: App, state: State): void {
    const remove = async (): Promise<void> => {
        const result = await app.client.remove(state.path);
        if (result.ok) {
            app.toast(`The role ${state.name} is removed`);
            app.router.go('/security/roles');
        } else {
            app.toastProblem(`The role ${state.name} stays`, result.problem);
        }
    };
    app.openDialog(() => (
        <Confirm
            title={`Remove the role ${state.name}?`}
            keep="Keep it"
            act={`Remove ${state.name}`}
            onAct={() => void remove()}
            onClose={() => app.closeDialog()}
        >
            <p>Whoever has no other role may then publish and subscribe to nothing.</p>
        </Confirm>
    ));
}
