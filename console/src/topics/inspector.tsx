/* One topic: its last value as a readout, the line over time, the whole message, who sends and who
   listens. */

import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import { pathOf } from '../app/router';
import type { Topic, TopicDetail } from '../api/types';
import { TrendChart } from '../chart/chart';
import { bytesText, count, plural, rate } from '../format/number';
import { numberIn, pretty, unitOf } from '../format/payload';
import { absolute, age, clock, duration, parseTime } from '../format/time';
import { CopyButton } from '../ui/button';
import { Confirm } from '../ui/dialog';
import { Icon } from '../ui/icon';
import { Bars, Empty, Failed } from '../ui/states';
import { Payload } from '../ui/text';
import type { TopicsModel } from './model';
import { openPublish } from './open_publish';
import { trendData, trendOf, type Trend } from './trend';

interface Props {
    app: App;
    model: TopicsModel;
}

export function Inspector({ app, model }: Props): VNode {
    const name = model.selected.value;
    return (
        <div class="insp" id="inspector">
            {name === null ? (
                <Empty title="No topic is selected">
                    <p>
                        Select a row to see its last message, its line over time, who sends it and
                        who listens.
                    </p>
                </Empty>
            ) : (
                <Selected app={app} model={model} name={name} />
            )}
        </div>
    );
}

function Selected({ app, model, name }: Props & { name: string }): VNode {
    const detail = model.detail.value;
    if (detail?.phase === 'ready') {
        return <Detail app={app} model={model} topic={detail.value} />;
    }
    const branch = model.branch(name);
    if (branch && !branch.is_topic) {
        return <Branch app={app} topic={branch} />;
    }
    if (detail?.phase === 'failed') {
        return (
            <>
                <h2>{name}</h2>
                {detail.problem.status === 404 ? (
                    <Empty
                        title="No message has come on this topic"
                        actions={
                            <button
                                type="button"
                                class="btn"
                                disabled={!app.mayAct('operator')}
                                onClick={() => void openPublish(app, name)}
                            >
                                <Icon name="send" />
                                Publish here
                            </button>
                        }
                    >
                        <p>It appears by itself with its first message.</p>
                    </Empty>
                ) : (
                    <Failed
                        what="This topic"
                        problem={detail.problem}
                        node={app.store.nodeName.value}
                        onRetry={() => void model.inspect()}
                    />
                )}
            </>
        );
    }
    return (
        <>
            <h2>{name}</h2>
            <Bars rows={5} what="the topic" />
        </>
    );
}

function Branch({ app, topic }: { app: App; topic: Topic }): VNode {
    return (
        <>
            <h2>{topic.topic}</h2>
            <dl class="kv">
                <dt>Topics below</dt>
                <dd>{count(topic.topics)}</dd>
                <dt>Rate</dt>
                <dd class="n">
                    {rate(topic.messages_per_s)}
                    <u>msg/s</u>
                </dd>
                <dt>Filter for all</dt>
                <dd>
                    <code>{topic.topic}/#</code>
                </dd>
            </dl>
            <div class="row wrap">
                <CopyButton
                    text={`mosquitto_sub -v -t '${topic.topic}/#'`}
                    label="Copy as mosquitto_sub"
                    kind=""
                />
                <button
                    type="button"
                    class="btn"
                    disabled={!app.mayAct('operator')}
                    onClick={() => void openPublish(app, `${topic.topic}/`)}
                >
                    <Icon name="send" />
                    Publish below
                </button>
            </div>
        </>
    );
}

function Detail({ app, model, topic }: Props & { topic: TopicDetail }): VNode {
    return (
        <>
            <div>
                <h2>{topic.topic}</h2>
                <div class="row wrap mt-2">
                    {topic.retained && (
                        <span class="tag">
                            <Icon name="pin" />
                            retained
                        </span>
                    )}
                    {topic.last && <span class="tag">QoS {topic.last.qos}</span>}
                    {topic.content_type !== null && topic.content_type !== '' && (
                        <span class="tag">{topic.content_type}</span>
                    )}
                </div>
            </div>
            <Readout app={app} model={model} topic={topic} />
            <LastMessage topic={topic} />
            <Facts topic={topic} />
            <div class="row wrap">
                <button
                    type="button"
                    class="btn"
                    disabled={!app.mayAct('operator')}
                    title={app.mayAct('operator') ? undefined : 'Needs the role operator'}
                    onClick={() => void openPublish(app, topic.topic)}
                >
                    <Icon name="send" />
                    Publish here
                </button>
                {topic.retained && (
                    <button
                        type="button"
                        class="btn danger"
                        disabled={!app.mayAct('operator')}
                        title={app.mayAct('operator') ? undefined : 'Needs the role operator'}
                        onClick={() => askClear(app, model, topic)}
                    >
                        Clear retained
                    </button>
                )}
            </div>
        </>
    );
}

/** The number under the cursor of the line, else the newest. */
function Readout({ app, model, topic }: Props & { topic: TopicDetail }): VNode | null {
    const history = model.history.value;
    const data = useComputed(() =>
        trendData(model.history.value, app.isStill ? 0 : app.store.now_ms.value),
    );
    const last = topic.last;
    const newest = last ? numberIn(last.payload, last.encoding) : null;
    if (newest === null || !last) {
        return null;
    }
    const cursor = model.cursor.value;
    const shown_s = cursor === null ? undefined : data.value.at_s[cursor];
    const value = cursor === null ? newest : (data.value.values[cursor] ?? null);
    const trend = trendOf(history);
    const digits = decimalsOf(last.payload);
    const at_ms = parseTime(last.at) ?? 0;
    return (
        <>
            <div class="insp-read">
                <span class="big n readable">
                    {value === null ? 'no data' : count(value, digits)}
                    <u>{unitOf(topic.topic)}</u>
                </span>
                <span class="small faint" title={absolute(at_ms)}>
                    {shown_s === undefined
                        ? `${age(app.store.now_ms.value - at_ms)} ago`
                        : `at ${clock(shown_s * 1000)}`}
                    <br />
                    {trend &&
                        `${trend.word}, ${range(trend, digits)} in ${duration(trend.span_ms)}`}
                </span>
            </div>
            {history.length > 1 && (
                <TrendChart
                    key={topic.topic}
                    label={`${topic.topic} over time`}
                    data={data}
                    height_px={() => 132}
                    paint={app.store.paint}
                    onCursor={(index) => (model.cursor.value = index)}
                    table={() => ({
                        head: [
                            'Time',
                            `Value${unitOf(topic.topic) === '' ? '' : `, ${unitOf(topic.topic)}`}`,
                        ],
                        rows: history
                            .filter((_, index) => (history.length - 1 - index) % 20 === 0)
                            .map((point) => [
                                clock(parseTime(point.at) ?? 0),
                                count(point.value, digits),
                            ]),
                    })}
                />
            )}
        </>
    );
}

function range(trend: Trend, digits: number): string {
    return `${count(trend.lowest, digits)} to ${count(trend.highest, digits)}`;
}

/** As many decimals as the machine sends. */
function decimalsOf(payload: string): number {
    const match = /-?\d+\.(\d+)/.exec(payload);
    return Math.min(4, match?.[1]?.length ?? 0);
}

function LastMessage({ topic }: { topic: TopicDetail }): VNode {
    const { last } = topic;
    if (!last) {
        return <p class="dim">Its last message is not kept in memory.</p>;
    }
    const text = pretty(last.payload, last.encoding);
    return (
        <div class="code">
            <div class="ch">
                <span>Last message</span>
                <span class="faint small nowrap">
                    {bytesText(last.bytes)}
                    {last.encoding === 'base64' && ', as base64'}
                </span>
                <span class="sp" />
                <CopyButton text={last.payload} />
            </div>
            <pre class="payload" tabIndex={0} aria-label="Last message">
                {last.payload === '' ? <span class="o">empty</span> : <Payload text={text} />}
                {last.truncated && <span class="o">{'\n'}cut here, the message is longer</span>}
            </pre>
        </div>
    );
}

const subscribers_shown_max = 8;

function Facts({ topic }: { topic: TopicDetail }): VNode {
    const at_ms = parseTime(topic.last?.at);
    const listeners = topic.subscriber_list ?? [];
    const more = topic.subscribers - Math.min(listeners.length, subscribers_shown_max);
    return (
        <dl class="kv">
            <dt>Publisher</dt>
            <dd>
                {topic.publisher === null ? (
                    <span class="faint">not known</span>
                ) : (
                    <a href={pathOf({ name: 'machine', id: topic.publisher })}>{topic.publisher}</a>
                )}
            </dd>
            <dt>Rate</dt>
            <dd class="n">
                {rate(topic.messages_per_s)}
                <u>msg/s</u>
            </dd>
            <dt>Subscribers</dt>
            <dd>
                {topic.subscribers === 0 ? 'none' : `${count(topic.subscribers)}: `}
                {listeners.slice(0, subscribers_shown_max).map((id, index) => (
                    <>
                        {index > 0 && ', '}
                        <a href={pathOf({ name: 'machine', id })}>{id}</a>
                    </>
                ))}
                {more > 0 && listeners.length > 0 && ` and ${count(more)} more`}
            </dd>
            <dt>Last message</dt>
            <dd>{at_ms === null ? 'none' : absolute(at_ms)}</dd>
            {topic.children > 0 && (
                <>
                    <dt>Below it</dt>
                    <dd>{plural(topic.children, 'level')}</dd>
                </>
            )}
        </dl>
    );
}

function askClear(app: App, model: TopicsModel, topic: TopicDetail): void {
    const act = async (): Promise<void> => {
        const path = `/api/v1/topics?name=${encodeURIComponent(topic.topic)}`;
        const result = await app.client.remove(path);
        if (result.ok) {
            app.toast(`The retained value of ${topic.topic} is cleared`);
            void model.inspect();
        } else {
            app.toastProblem(`${topic.topic} keeps its retained value`, result.problem);
        }
    };
    app.openDialog(() => (
        <Confirm
            title="Clear this retained value?"
            keep="Keep it"
            act="Clear the retained value"
            onAct={() => void act()}
            onClose={() => app.closeDialog()}
        >
            <p>
                <code class="breakable">{topic.topic}</code>
            </p>
            <p>
                Who subscribes from now on gets nothing until the next message. Machines that
                already have it are not told.
            </p>
        </Confirm>
    ));
}
