/* The lists of Home: needs you, health, what changed, next step. */

import type { VNode } from 'preact';
import type { App } from '../app/app';
import { valueOf, type Load } from '../app/store';
import type { Need } from '../app/needs';
import { pathOf } from '../app/router';
import { count, plural } from '../format/number';
import { absolute, when } from '../format/time';
import { Icon } from '../ui/icon';
import { Section } from '../ui/section';
import { Shape } from '../ui/shape';
import { Bars, Failed } from '../ui/states';
import { When } from '../ui/text';
import {
    checksOf,
    levelsText,
    listenerName,
    listenerText,
    newsOf,
    stepsOf,
    type Change,
    type Check,
    type Step,
} from './words';

const needs_shown_max = 5;

export function Needs({ app }: { app: App }): VNode {
    const needs = app.store.needs.value;
    const isKnown = knownNeeds(app) === 'ready' || needs.length > 0;
    return (
        <Section title="Needs you" note={isKnown ? levelsText(needs) : ''} id="needs">
            <div>
                {needs.length === 0 && <Calm app={app} />}
                {needs.slice(0, needs_shown_max).map((need) => (
                    <NeedRow key={need.key} need={need} now_ms={app.store.now_ms.value} />
                ))}
                {needs.length > needs_shown_max && (
                    <p class="small faint mt-2">
                        {count(needs.length - needs_shown_max)} more of the same kinds
                    </p>
                )}
            </div>
        </Section>
    );
}

/** What needs somebody is derived from all of these: quiet is said only when all are known. */
function knownNeeds(app: App): Load<unknown>['phase'] {
    const { stats, node, events } = app.store;
    const phases = [stats.value.phase, node.value.phase, events.value.phase];
    return phases.includes('failed') ? 'failed' : phases.includes('loading') ? 'loading' : 'ready';
}

function Calm({ app }: { app: App }): VNode {
    const known = knownNeeds(app);
    if (known === 'loading') {
        return <Bars rows={3} what="what needs you" />;
    }
    if (known === 'failed') {
        return (
            <div class="ev">
                <Shape status="unknown" label="Not known" />
                <div>
                    Not known
                    <div class="x">What it is found from could not be read.</div>
                </div>
                <span class="when" />
            </div>
        );
    }
    return (
        <div class="ev">
            <Shape status="ok" />
            <div>
                All quiet
                <div class="x">
                    A refused machine, a store that cannot write, a queue near its limit would stand
                    here.
                </div>
            </div>
            <span class="when" />
        </div>
    );
}

function NeedRow({ need, now_ms }: { need: Need; now_ms: number }): VNode {
    return (
        <div class="ev">
            <Shape status={need.level} label={need.level === 'crit' ? 'Critical' : 'Caution'} />
            <div>
                <b class="strong">{need.title}</b>
                <div class="x">{need.text}</div>
                {need.link && (
                    <div class="go">
                        <a class="btn quiet sm" href={need.link.path}>
                            {need.link.label}
                        </a>
                    </div>
                )}
            </div>
            <span class="when" title={need.at_ms === null ? '' : absolute(need.at_ms)}>
                {need.at_ms === null ? 'now' : when(need.at_ms, now_ms)}
            </span>
        </div>
    );
}

export function Health({ app }: { app: App }): VNode {
    const node = app.store.node.value;
    const stats = valueOf(app.store.stats.value);
    if (node.phase === 'failed') {
        return (
            <Section title="Health">
                <Failed
                    what="The state of the node"
                    problem={node.problem}
                    node={app.store.nodeName.value}
                    onRetry={() => app.readShared()}
                />
            </Section>
        );
    }
    if (node.phase === 'loading' || !stats) {
        return (
            <Section title="Health">
                <Bars rows={5} what="the state of the node" />
            </Section>
        );
    }
    const checks = checksOf(node.value, stats, app.store.skew_ms.value);
    return (
        <Section title="Health" note={`kith ${node.value.version}, worst first`}>
            <div class="hl">
                {checks.map((check) => (
                    <CheckRow key={check.name} check={check} />
                ))}
            </div>
            <h3 class="sub">Listens on</h3>
            <div class="hl wide">
                {node.value.listeners.map((listener) => (
                    <div class="hl-row" key={`${listener.kind} ${listener.address}`}>
                        <Shape
                            status={listener.insecure ? 'caution' : 'ok'}
                            label={listener.insecure ? 'caution' : 'ok'}
                        />
                        <span class="nm">{listenerName(listener)}</span>
                        <span class="vl">
                            <code>{listener.address}</code>
                            <span class="faint">{listenerText(listener)}</span>
                        </span>
                    </div>
                ))}
            </div>
        </Section>
    );
}

function CheckRow({ check }: { check: Check }): VNode {
    const words: Partial<Record<Check['status'], string>> = {
        ok: 'normal',
        caution: 'caution',
        crit: 'critical',
        unknown: 'no news',
    };
    return (
        <div class="hl-row">
            <Shape status={check.status} label={words[check.status] ?? check.status} />
            <span class="nm">{check.name}</span>
            <span class="vl fact">{check.text}</span>
        </div>
    );
}

const changes_shown_max = 6;

export function Changes({ app }: { app: App }): VNode {
    const events = app.store.events.value;
    if (events.phase !== 'ready') {
        return (
            <Section title="What changed">
                {events.phase === 'loading' ? (
                    <Bars rows={4} what="what changed" />
                ) : (
                    <Failed
                        what="What changed"
                        problem={events.problem}
                        node={app.store.nodeName.value}
                        still="New events appear as they come."
                        onRetry={() => app.readShared()}
                    />
                )}
            </Section>
        );
    }
    const changes = newsOf(events.value, changes_shown_max);
    return (
        <Section title="What changed" note="newest first">
            <div>
                {changes.length === 0 && (
                    <p class="dim">
                        Nothing since the node started. Connections, keys and refusals stand here.
                    </p>
                )}
                {changes.map((change) => (
                    <ChangeRow key={change.key} change={change} now_ms={app.store.now_ms.value} />
                ))}
            </div>
        </Section>
    );
}

function ChangeRow({ change, now_ms }: { change: Change; now_ms: number }): VNode {
    return (
        <div class="ev">
            <Icon name={change.icon} />
            <div>
                <ChangeText change={change} />
                {change.note !== '' && <div class="x">{change.note}</div>}
            </div>
            <span class="when">
                <When at={change.at} now_ms={now_ms} />
            </span>
        </div>
    );
}

/** The name of a machine within its own sentence is the link to it. */
function ChangeText({ change }: { change: Change }): VNode {
    const { machine, text } = change;
    if (machine === null || !text.startsWith(machine)) {
        return machine === null ? (
            <>{text}</>
        ) : (
            <>
                <a href={pathOf({ name: 'machine', id: machine })}>{machine}</a>: {text}
            </>
        );
    }
    return (
        <>
            <a href={pathOf({ name: 'machine', id: machine })}>{machine}</a>
            {text.slice(machine.length)}
        </>
    );
}

export function NextSteps({ app }: { app: App }): VNode | null {
    const node = valueOf(app.store.node.value);
    const stats = valueOf(app.store.stats.value);
    if (!node || !stats) {
        return null;
    }
    const steps = stepsOf(stats, node);
    const done = steps.filter((step) => step.isDone).length;
    if (done === steps.length) {
        return null;
    }
    return (
        <Section title="Next step" note={`${done} of ${plural(steps.length, 'step')} done`}>
            <div>
                {steps.map((step) => (
                    <StepRow key={step.text} step={step} />
                ))}
            </div>
        </Section>
    );
}

function StepRow({ step }: { step: Step }): VNode {
    return (
        <div class={`todo${step.isDone ? ' done' : ''}`}>
            {step.isDone ? <Icon name="check" /> : <span class="ring" />}
            <span>
                {step.text}
                <span class="vh">{step.isDone ? ', done' : ', open'}</span>
            </span>
            {step.link && <a href={step.link.path}>{step.link.label}</a>}
        </div>
    );
}
