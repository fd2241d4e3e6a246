/* The audit: who changed what, when, from where, with what outcome. Filtered by the node, read in
   pages, and saved as a file. */

import { signal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import type { Place } from '../app/router';
import { Pages } from '../app/resource';
import type { Scope } from '../app/scope';
import type { Page } from '../app/store';
import { query } from '../api/client';
import type { AuditLine, List } from '../api/types';
import { plural } from '../format/number';
import { absolute, clock, date, parseTime } from '../format/time';
import { saveFile } from '../ui/form_dialog';
import { Icon } from '../ui/icon';
import { Section } from '../ui/section';
import { Pill } from '../ui/shape';
import { Empty } from '../ui/states';
import { DataTable } from '../ui/table';
import { auditCsv } from './audit_csv';
import { SecurityFrame } from './frame';
import { PagesBody } from './pages_body';

const page_rows = 200;
const export_rows_max = 20_000;
const typing_pause_ms = 250;
const hour_ms = 3_600_000;

const spans = [
    { label: 'All of it', span_ms: 0 },
    { label: 'Last hour', span_ms: hour_ms },
    { label: 'Last day', span_ms: 24 * hour_ms },
    { label: 'Last 7 days', span_ms: 7 * 24 * hour_ms },
    { label: 'Last 30 days', span_ms: 30 * 24 * hour_ms },
] as const;

interface State {
    who: Signal<string>;
    what: Signal<string>;
    from: Signal<string>;
    span_ms: Signal<number>;
    lines: Pages<AuditLine>;
    isSaving: Signal<boolean>;
    path: (cursor: string | null, limit: number) => string;
}

export function openAudit(app: App, place: Place, scope: Scope): Page {
    const param = (name: string): string => place.query.get(name) ?? '';
    const who = signal(param('who'));
    const what = signal(param('what'));
    const from = signal(param('from'));
    const span_ms = signal(Number(param('span')) * hour_ms || 0);
    const path = (cursor: string | null, limit: number): string =>
        `/api/v1/audit${query({
            who: who.peek(),
            what: what.peek(),
            from: from.peek(),
            since:
                span_ms.peek() === 0
                    ? undefined
                    : new Date(app.store.now_ms.peek() - span_ms.peek()).toISOString(),
            limit,
            cursor: cursor ?? undefined,
        })}`;
    const lines = new Pages<AuditLine>(scope, (cursor) => path(cursor, page_rows));
    const state: State = { who, what, from, span_ms, lines, isSaving: signal(false), path };
    if (app.mayAct('admin')) {
        void lines.reload();
    }
    const search = scope.debounce(typing_pause_ms, () => {
        app.router.setQuery({
            who: who.peek(),
            what: what.peek(),
            from: from.peek(),
            span: span_ms.peek() === 0 ? '' : String(span_ms.peek() / hour_ms),
        });
        void lines.reload();
    });
    return {
        view: () => (
            <View
                app={app}
                state={state}
                onSearch={search}
                onSave={() => void saveAll(app, scope, state)}
            />
        ),
        find: () => document.getElementById('audit-who')?.focus(),
    };
}

/** All that the filters let through, page by page, as a table for a spreadsheet. */
async function saveAll(app: App, scope: Scope, state: State): Promise<void> {
    state.isSaving.value = true;
    const rows: AuditLine[] = [];
    let cursor: string | null = null;
    do {
        const path: string = state.path(cursor, page_rows);
        const result = await scope.get<List<AuditLine>>(path);
        if (!result.ok) {
            state.isSaving.value = false;
            app.toastProblem('The audit could not be saved', result.problem);
            return;
        }
        rows.push(...result.value.items);
        cursor = result.value.next;
    } while (cursor !== null && rows.length < export_rows_max);
    state.isSaving.value = false;
    saveFile(`${app.store.nodeName.peek()}-audit.csv`, auditCsv(rows), 'text/csv');
    app.toast(
        cursor === null
            ? `${plural(rows.length, 'line')} saved`
            : `The newest ${plural(rows.length, 'line')} saved; narrow the filters for older ones`,
    );
}

interface Props {
    app: App;
    state: State;
    onSearch: () => void;
    onSave: () => void;
}

function View({ app, state, onSearch, onSave }: Props): VNode {
    const { lines } = state;
    return (
        <SecurityFrame
            app={app}
            tab="audit"
            needs="admin"
            what="Reading the audit"
            sentence="Who changed what, when and from where. Lines are added, never changed."
            actions={
                !lines.isAbsent && (
                    <>
                        <button type="button" class="btn" onClick={() => void lines.reload()}>
                            <Icon name="refresh" />
                            Read again
                        </button>
                        <button
                            type="button"
                            class="btn"
                            disabled={state.isSaving.value || lines.rows.value.length === 0}
                            onClick={onSave}
                        >
                            <Icon name="download" />
                            {state.isSaving.value ? 'Saving' : 'Save as CSV'}
                        </button>
                    </>
                )
            }
        >
            {() => (
                <Section title="Audit" kind="flush">
                    {!lines.isAbsent && <Filters state={state} onSearch={onSearch} />}
                    <PagesBody
                        app={app}
                        pages={lines}
                        what="the audit"
                        still="It goes on being written."
                        empty={() => <NoLines state={state} onSearch={onSearch} />}
                    >
                        {() => <Lines app={app} state={state} />}
                    </PagesBody>
                </Section>
            )}
        </SecurityFrame>
    );
}

function Filters({ state, onSearch }: { state: State; onSearch: () => void }): VNode {
    const field = (id: string, label: string, value: Signal<string>): VNode => (
        <input
            id={id}
            class="in mono"
            type="search"
            placeholder={label}
            aria-label={label}
            autocomplete="off"
            spellcheck={false}
            value={value.value}
            onInput={(event) => {
                value.value = event.currentTarget.value;
                onSearch();
            }}
        />
    );
    return (
        <div class="tools filters">
            {field('audit-who', 'Who, its start', state.who)}
            {field('audit-what', 'What, its start', state.what)}
            {field('audit-from', 'From, its start', state.from)}
            <select
                class="in"
                aria-label="Since"
                value={state.span_ms.value}
                onChange={(event) => {
                    state.span_ms.value = Number(event.currentTarget.value);
                    onSearch();
                }}
            >
                {spans.map((span) => (
                    <option key={span.span_ms} value={span.span_ms}>
                        {span.label}
                    </option>
                ))}
            </select>
        </div>
    );
}

function NoLines({ state, onSearch }: { state: State; onSearch: () => void }): VNode {
    const clear = (): void => {
        state.who.value = '';
        state.what.value = '';
        state.from.value = '';
        state.span_ms.value = 0;
        onSearch();
    };
    return (
        <div class="alone">
            <Empty
                title="No line fits"
                actions={
                    <button type="button" class="btn" onClick={clear}>
                        Show all of it
                    </button>
                }
            >
                <p>
                    Who is <code>user:anna</code>, <code>token:k3f9</code> or <code>cli</code>; what
                    is a word as <code>token.create</code>. The start of it is enough.
                </p>
            </Empty>
        </div>
    );
}

function Lines({ app, state }: { app: App; state: State }): VNode {
    const today = new Date(app.store.now_ms.value).toDateString();
    return (
        <DataTable<AuditLine>
            label="lines"
            rows={state.lines.rows}
            hasMore={state.lines.hasMore.value}
            onEnd={() => void state.lines.more()}
            keyOf={(line) => String(line.id)}
            columns={[
                {
                    head: 'When',
                    cell: (line) => {
                        const at_ms = parseTime(line.at) ?? 0;
                        const isToday = new Date(at_ms).toDateString() === today;
                        return (
                            <time dateTime={line.at} title={absolute(at_ms)}>
                                {isToday ? clock(at_ms) : `${date(at_ms)}, ${clock(at_ms)}`}
                            </time>
                        );
                    },
                },
                {
                    head: 'Who',
                    cell: (line) => (
                        <>
                            <code>{line.who}</code>
                            <div class="only-s small dim broken">
                                {line.what} {line.detail}
                            </div>
                        </>
                    ),
                },
                { head: 'What', kind: 'x-s', cell: (line) => <code>{line.what}</code> },
                { head: 'Detail', kind: 'x-s', cell: (line) => line.detail },
                {
                    head: 'From',
                    kind: 'x-m',
                    cell: (line) =>
                        line.from === '' ? (
                            <span class="faint">not noted</span>
                        ) : (
                            <code class="dim">{line.from}</code>
                        ),
                },
                { head: 'Outcome', cell: (line) => <Outcome outcome={line.outcome} /> },
            ]}
        />
    );
}

function Outcome({ outcome }: { outcome: string }): VNode {
    return outcome === 'ok' || outcome === '' ? (
        <span class="dim">ok</span>
    ) : (
        <Pill status={outcome === 'denied' ? 'caution' : 'crit'}>{outcome}</Pill>
    );
}
