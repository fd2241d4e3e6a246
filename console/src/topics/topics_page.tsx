/* Topics: the live tree with search by name and value, and an inspector for one topic. */

import type { VNode } from 'preact';
import type { App } from '../app/app';
import type { Place } from '../app/router';
import type { Scope } from '../app/scope';
import { valueOf, type Page } from '../app/store';
import { query } from '../api/client';
import { count, milliseconds, plural, rate } from '../format/number';
import { CopyButton, Segmented } from '../ui/button';
import { Icon } from '../ui/icon';
import { Head } from '../ui/section';
import { Bars, Empty, Failed } from '../ui/states';
import { Inspector } from './inspector';
import { TopicsModel, type Filter, type View } from './model';
import { openPublish } from './open_publish';
import { moveBy, openOrEnter, closeOrLeave, TreeRows, type TreeHandle } from './rows';
import './topics.css';

export function openTopics(app: App, place: Place, scope: Scope): Page {
    const model = new TopicsModel(app, scope, place);
    const handle: TreeHandle = { scrollTo: () => {} };
    if (place.query.get('publish') !== null) {
        app.router.setQuery({ publish: '' });
        queueMicrotask(() => void openPublish(app, model.selected.peek() ?? ''));
    }
    return {
        view: () => <Topics app={app} model={model} handle={handle} />,
        find: () => document.getElementById('topic-search')?.focus(),
        onQuery: (values) => {
            const name = values.get('name');
            if (name !== null && name !== model.selected.peek()) {
                model.reveal(name);
            }
            if (values.get('publish') !== null) {
                app.router.setQuery({ publish: '' });
                void openPublish(app, model.selected.peek() ?? '');
            }
        },
        onKey: (event) => onKey(app, model, handle, event),
    };
}

function onKey(app: App, model: TopicsModel, handle: TreeHandle, event: KeyboardEvent): boolean {
    switch (event.key) {
        case 'ArrowDown':
            return moveBy(model, handle, 1);
        case 'ArrowUp':
            return moveBy(model, handle, -1);
        case 'ArrowRight':
            return openOrEnter(model, handle);
        case 'ArrowLeft':
            return closeOrLeave(model, handle);
        case 'p':
            openPublish(app, model.selected.peek() ?? '');
            return true;
        default:
            return false;
    }
}

interface Props {
    app: App;
    model: TopicsModel;
    handle: TreeHandle;
}

function Topics({ app, model, handle }: Props): VNode {
    return (
        <>
            <TopicsHead app={app} model={model} />
            <Tools model={model} />
            <div class="split">
                <div class="tree list-area">
                    <Body app={app} model={model} handle={handle} />
                </div>
                <aside aria-label="Selected topic">
                    <Inspector app={app} model={model} />
                </aside>
            </div>
        </>
    );
}

function TopicsHead({ app, model }: { app: App; model: TopicsModel }): VNode {
    const totals = model.totals.value;
    const stats = valueOf(app.store.stats.value);
    const topics = stats?.topics ?? totals?.topics;
    const flow = stats?.messages_in_per_s ?? totals?.messages_per_s;
    const text = model.text.value.trim();
    const path = `/api/v1/topics${query(text === '' ? { parent: '' } : { q: text })}`;
    return (
        <Head
            title="Topics"
            actions={
                <>
                    <button
                        type="button"
                        class="btn"
                        disabled={!app.mayAct('operator')}
                        title={app.mayAct('operator') ? undefined : 'Needs the role operator'}
                        onClick={() => void openPublish(app, model.selected.peek() ?? '')}
                    >
                        <Icon name="send" />
                        Publish
                    </button>
                    <CopyButton
                        text={() =>
                            `curl -H "Authorization: Bearer $KITH_TOKEN" '${app.origin}${path}'`
                        }
                        kind="apib hide-s"
                        label={
                            <>
                                <b>GET</b>/topics{text === '' ? '' : `?q=${text}`}
                            </>
                        }
                    />
                </>
            }
        >
            <p>
                {topics === undefined ? (
                    <span class="sk sk-line" />
                ) : (
                    <>
                        <span class="n">{plural(topics, 'topic')}</span>,{' '}
                        <span class="n">
                            {count(stats?.retained ?? totals?.retained ?? 0)} retained
                        </span>
                        ,{' '}
                        <span class="n">
                            {rate(Math.round(flow ?? 0))}
                            <u>msg/s</u>
                        </span>
                        . Values on screen refresh up to 5 times a second.
                    </>
                )}
            </p>
        </Head>
    );
}

function Tools({ model }: { model: TopicsModel }): VNode {
    const isSearch = model.found.value !== null;
    return (
        <div class="tools">
            <div class="in-ic">
                <Icon name="search" />
                <input
                    id="topic-search"
                    class="in mono"
                    type="search"
                    placeholder="temp > 60"
                    aria-label="Search by name and value"
                    autocomplete="off"
                    spellcheck={false}
                    value={model.text.value}
                    onInput={(event) => model.type(event.currentTarget.value)}
                />
            </div>
            {isSearch ? (
                <Segmented<View>
                    label="Shape"
                    value={model.view.value}
                    choices={[
                        { value: 'tree', label: 'Tree' },
                        { value: 'flat', label: 'Flat' },
                    ]}
                    onChoose={(view) => (model.view.value = view)}
                />
            ) : (
                <Segmented<Filter>
                    label="Which topics"
                    value={model.filter.value}
                    choices={[
                        { value: 'all', label: 'All' },
                        { value: 'retained', label: 'Retained' },
                        { value: 'sys', label: '$SYS' },
                    ]}
                    onChoose={(filter) => model.chooseFilter(filter)}
                />
            )}
            <Found model={model} />
        </div>
    );
}

function Found({ model }: { model: TopicsModel }): VNode {
    const found = model.found.value;
    const result = found ? valueOf(found) : null;
    const search = model.search.value;
    const what =
        search.compare === null ? 'name' : search.words.length > 0 ? 'name and value' : 'value';
    if (!result) {
        return <span class="found" role="status" />;
    }
    const matches = plural(result.matches, 'topic matches', 'topics match');
    const took = milliseconds(result.took_ms);
    const shown = result.items.length;
    return (
        <span class="found" role="status">
            {matches} {what}, found in {took.value} {took.unit}
            {shown < result.matches && `; the first ${count(shown)} are shown`}
        </span>
    );
}

function Body({ app, model, handle }: Props): VNode {
    const found = model.found.value;
    const load = found ?? model.load.value;
    if (load.phase === 'failed') {
        return (
            <div class="alone">
                <Failed
                    what={found ? 'The search' : 'The topics'}
                    problem={load.problem}
                    node={app.store.nodeName.value}
                    still="Messages go on."
                    onRetry={() => void (found ? model.find() : model.readRoot())}
                />
            </div>
        );
    }
    if (load.phase === 'loading') {
        return (
            <div class="alone">
                <Bars rows={8} what="topics" />
            </div>
        );
    }
    if (model.rowCount.value === 0) {
        return (
            <div class="alone">
                <NoTopics model={model} />
            </div>
        );
    }
    return <TreeRows app={app} model={model} handle={handle} />;
}

function NoTopics({ model }: { model: TopicsModel }): VNode {
    if (model.found.value !== null) {
        return (
            <Empty
                title="No topic matches"
                actions={
                    <button type="button" class="btn" onClick={() => model.type('')}>
                        Show all topics
                    </button>
                }
            >
                <p>
                    All words must occur in the name. A comparison looks at the last value, for
                    example <code>oven temp &gt; 180</code>, or at a field of it:{' '}
                    <code>battery v&lt;20</code>.
                </p>
            </Empty>
        );
    }
    return (
        <Empty
            title={
                model.filter.value === 'retained'
                    ? 'No value is retained'
                    : 'No message has come yet'
            }
            actions={
                <a class="btn pri" href="/connect">
                    Connect a machine
                </a>
            }
        >
            <p>
                Topics appear by themselves with their first message, for example{' '}
                <code>home/kitchen/coffee_maker/state</code>.
            </p>
        </Empty>
    );
}
