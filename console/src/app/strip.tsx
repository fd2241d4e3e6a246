/* The strip: where am I, does something need me, how much flows, is it live, what time is it. */

import type { VNode } from 'preact';
import { rate } from '../format/number';
import { clock, zoneLong, zoneName } from '../format/time';
import { IconButton } from '../ui/button';
import { Icon, Mark } from '../ui/icon';
import { Shape } from '../ui/shape';
import type { App } from './app';
import { openPalette } from './find';
import { themeIcon, turnDensity, turnTheme } from './look';
import { valueOf } from './store';

export function Strip({ app, where }: { app: App; where: string }): VNode {
    return (
        <header class="strip">
            <div class="where">
                <a class="only-s home" href="/" aria-label="Home">
                    <Mark />
                </a>
                <span class="site">{app.store.nodeName.value}</span>
                <span class="sep site" aria-hidden="true">
                    /
                </span>
                <b class="ell">{where}</b>
            </div>
            <div class="sp" />
            <div class="read">
                <Alarms app={app} />
                <Rate app={app} />
                <LiveMark app={app} />
                <Clock app={app} />
            </div>
            <button
                type="button"
                class="find"
                aria-label="Find or do Ctrl K"
                aria-keyshortcuts="Control+K"
                onClick={() => openPalette(app)}
            >
                <Icon name="search" />
                <span>Find or do</span> <kbd>Ctrl K</kbd>
            </button>
            <span class="strip-set">
                <IconButton
                    icon="dense"
                    label={`Rows: ${app.prefs.density.value}`}
                    isPressed={app.prefs.density.value === 'compact'}
                    onClick={() => turnDensity(app)}
                    kind="hide-s"
                />
                <IconButton
                    icon={themeIcon(app)}
                    label={`Theme: ${app.prefs.theme.value}. Shift T for the next`}
                    onClick={() => turnTheme(app)}
                />
            </span>
        </header>
    );
}

/** Shapes with counts, only while something needs a person. */
function Alarms({ app }: { app: App }): VNode | null {
    const needs = app.store.needs.value;
    if (needs.length === 0) {
        return null;
    }
    const crit = needs.filter((need) => need.level === 'crit').length;
    const caution = needs.length - crit;
    return (
        <a class="annun" href="/" aria-label={`${crit} critical and ${caution} caution`}>
            {crit > 0 && (
                <span>
                    <Shape status="crit" />
                    {crit}
                </span>
            )}
            {caution > 0 && (
                <span>
                    <Shape status="caution" />
                    {caution}
                </span>
            )}
        </a>
    );
}

function Rate({ app }: { app: App }): VNode | null {
    const stats = valueOf(app.store.stats.value);
    if (!stats) {
        return null;
    }
    const isStale = app.live.state.value.phase === 'stale';
    return (
        <span class={`opt n${isStale ? ' stale' : ''}`}>
            <span class="v">{rate(Math.round(stats.messages_in_per_s))}</span>
            <u>msg/s in</u>
        </span>
    );
}

function LiveMark({ app }: { app: App }): VNode {
    const link = app.live.state.value;
    const node = app.store.nodeName.value;
    if (link.phase === 'live') {
        return (
            <span class="live" title={`Live on ${node} since ${clock(link.since_ms)}`}>
                <i />
                <span>
                    Live <span class="opt">on {node}</span>
                </span>
            </span>
        );
    }
    const isStale = link.phase === 'stale';
    return (
        <span
            class="live"
            title={isStale ? `Not live since ${clock(link.since_ms)}` : 'Connecting'}
        >
            <Shape
                status={isStale ? 'stale' : 'busy'}
                label={isStale ? 'Not live' : 'Connecting'}
            />
            <span aria-hidden="true">{isStale ? 'Not live' : 'Connecting'}</span>
        </span>
    );
}

function Clock({ app }: { app: App }): VNode {
    const now_ms = app.store.now_ms.value + app.store.skew_ms.value;
    return (
        <span class="opt n" title={`Your time zone: ${zoneLong()}`}>
            <span class="v">{clock(now_ms)}</span>
            <u>{zoneName(now_ms)}</u>
        </span>
    );
}
