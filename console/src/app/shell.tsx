/* The shell around every page: rail, strip, dock bar, the note when the feed is not live,
   toasts and the one dialog. */

import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { valueOf } from './store';
import type { App } from './app';
import { ApiLine } from './api_line';
import { warmPalette } from './find';
import { themeIcon, turnDensity, turnTheme } from './look';
import { navGroups, navItems, navOf, titleOf, type NavId, type NavItem } from './pages';
import { Strip } from './strip';
import { clock } from '../format/time';
import { count } from '../format/number';
import { Dialog } from '../ui/dialog';
import { Icon, Mark } from '../ui/icon';
import { NoteLine } from '../ui/section';
import { Shape } from '../ui/shape';
import { Bars, Failed } from '../ui/states';

export function Shell({ app }: { app: App }): VNode {
    useEffect(warmPalette, []);
    const current = navOf(app.router.place.value.route);
    return (
        <>
            <a class="skip" href="#main">
                Skip to content
            </a>
            <div class="shell">
                <Rail app={app} current={current} />
                <div class={isFilling(app) ? 'stage filling' : 'stage'}>
                    <Strip app={app} where={titleOf(app.router.place.value.route)} />
                    <LinkNote app={app} />
                    <main id="main" class={pageClass(app)} tabIndex={-1}>
                        <PageView app={app} />
                        <ApiLine app={app} />
                    </main>
                </div>
            </div>
            <DockBar app={app} current={current} />
            <Overlays app={app} />
        </>
    );
}

/** Lists of any length fill the window and scroll within it; other pages grow. */
function isFilling(app: App): boolean {
    const name = app.router.place.value.route.name;
    return name === 'machines' || name === 'topics';
}

function pageClass(app: App): string {
    const link = app.live.state.value.phase;
    const name = app.router.place.value.route.name;
    return `page page-${name}${link === 'stale' ? ' not-live' : ''}`;
}

export function PageView({ app }: { app: App }): VNode {
    const page = app.store.page.value;
    switch (page.phase) {
        case 'ready':
            return page.value.view();
        case 'failed':
            return (
                <div class="alone">
                    <Failed
                        what="This page"
                        problem={page.problem}
                        node={app.store.nodeName.value}
                        onRetry={() => location.reload()}
                    />
                </div>
            );
        case 'loading':
            return (
                <div class="alone">
                    <Bars rows={4} what="the page" />
                </div>
            );
    }
}

export function Overlays({ app }: { app: App }): VNode {
    return (
        <>
            <div class="toasts" role="status" aria-live="polite">
                {app.store.toasts.value.map((toast) => (
                    <div class="toast" key={toast.id}>
                        {toast.isProblem && <Shape status="crit" label="Failed" />}
                        <span>{toast.text}</span>
                        <button
                            type="button"
                            class="ib"
                            aria-label="Dismiss"
                            onClick={() => app.dismissToast(toast.id)}
                        >
                            <Icon name="close" />
                        </button>
                    </div>
                ))}
            </div>
            <div class="vh" role="status" aria-live="polite">
                {app.store.announcement.value}
            </div>
            {app.store.dialog.value?.()}
        </>
    );
}

function NavLink({
    app,
    item,
    current,
}: {
    app: App;
    item: NavItem;
    current: NavId | null;
}): VNode {
    return (
        <a
            class="it"
            href={item.path}
            title={`${item.label} (g ${item.key})`}
            aria-current={item.id === current ? 'page' : undefined}
        >
            <Icon name={item.icon} />
            <span class="lb">{item.label}</span>
            <NavCount app={app} id={item.id} />
        </a>
    );
}

/** A count of what the page lists; a shape where something is wrong. */
function NavCount({ app, id }: { app: App; id: NavId }): VNode | null {
    const stats = valueOf(app.store.stats.value);
    if (id === 'home') {
        const level = app.store.needs.value[0]?.level;
        return level === undefined ? null : (
            <span class="ct">
                <Shape status={level} label={level === 'crit' ? 'critical' : 'caution'} />
            </span>
        );
    }
    if (!stats || (id !== 'machines' && id !== 'topics')) {
        return null;
    }
    return <span class="ct">{count(id === 'machines' ? stats.machines_known : stats.topics)}</span>;
}

function Rail({ app, current }: { app: App; current: NavId | null }): VNode {
    return (
        <aside class="rail">
            <a class="brand" href="/" aria-label="Kith, home">
                <Mark />
                <span class="lb">Kith</span>
            </a>
            <nav aria-label="Pages">
                {navGroups.map((group) => (
                    <div key={group.label}>
                        {group.label !== '' && <div class="grp">{group.label}</div>}
                        {group.items.map((item) => (
                            <NavLink key={item.id} app={app} item={item} current={current} />
                        ))}
                    </div>
                ))}
            </nav>
            <RailFoot app={app} />
        </aside>
    );
}

function RailFoot({ app }: { app: App }): VNode | null {
    const session = app.store.session.value;
    if (session.phase !== 'in') {
        return null;
    }
    const { user } = session.session;
    return (
        <div class="foot">
            <div class="who">
                <Icon name="user" />
                <span class="lb ell">
                    <b class="ell">{user.name}</b>
                    {user.role}
                </span>
                <button
                    type="button"
                    class="ib"
                    aria-label="Sign out"
                    title="Sign out"
                    onClick={() => void app.signOut()}
                >
                    <Icon name="leave" />
                </button>
            </div>
        </div>
    );
}

const dockPages: readonly NavId[] = ['home', 'connect', 'machines', 'topics'];

function DockBar({ app, current }: { app: App; current: NavId | null }): VNode {
    const items = navItems.filter((item) => dockPages.includes(item.id));
    const isMore = current === null || !dockPages.includes(current);
    const level = app.store.needs.value[0]?.level;
    return (
        <nav class="dockbar" aria-label="Pages">
            {items.map((item) => (
                <a
                    key={item.id}
                    href={item.path}
                    aria-current={item.id === current ? 'page' : undefined}
                >
                    <Icon name={item.icon} />
                    {item.label}
                    {item.id === 'home' && level !== undefined && (
                        <span class="bdg">
                            <Shape
                                status={level}
                                label={level === 'crit' ? 'critical' : 'caution'}
                            />
                        </span>
                    )}
                </a>
            ))}
            <button
                type="button"
                aria-current={isMore ? 'page' : undefined}
                onClick={() => app.openDialog(() => <MoreSheet app={app} current={current} />)}
            >
                <Icon name="more" />
                More
            </button>
        </nav>
    );
}

function MoreSheet({ app, current }: { app: App; current: NavId | null }): VNode {
    const close = (): void => app.closeDialog();
    return (
        <Dialog label="All pages" kind="sheet" onClose={close}>
            <div class="gridn">
                {navItems.map((item) => (
                    <a
                        key={item.id}
                        href={item.path}
                        aria-current={item.id === current ? 'page' : undefined}
                        onClick={close}
                    >
                        <Icon name={item.icon} />
                        {item.label}
                    </a>
                ))}
            </div>
            <div class="gridn sheet-acts">
                <button type="button" onClick={() => turnTheme(app)}>
                    <Icon name={themeIcon(app)} />
                    Theme: {app.prefs.theme.value}
                </button>
                <button type="button" onClick={() => turnDensity(app)}>
                    <Icon name="dense" />
                    Rows: {app.prefs.density.value}
                </button>
                <button
                    type="button"
                    onClick={() => {
                        close();
                        void app.signOut();
                    }}
                >
                    <Icon name="leave" />
                    Sign out
                </button>
                <button type="button" onClick={close}>
                    <Icon name="close" />
                    Close
                </button>
            </div>
        </Dialog>
    );
}

/** One line while the feed is silent: since when, what the node does, when the next try is. */
function LinkNote({ app }: { app: App }): VNode | null {
    const link = app.live.state.value;
    if (link.phase !== 'stale') {
        return null;
    }
    const now_ms = app.store.now_ms.value + app.store.skew_ms.value;
    const wait_s = Math.max(0, Math.ceil(((link.retry_at_ms ?? now_ms) - now_ms) / 1000));
    return (
        <NoteLine
            level="caution"
            shape={<Shape status="stale" label="Not live" />}
            action={
                <button type="button" class="btn sm" onClick={() => app.live.retryNow()}>
                    Try now
                </button>
            }
        >
            <b class="strong">Not live since {clock(link.since_ms)}.</b>{' '}
            {app.store.nodeName.value || 'The node'} does not answer;{' '}
            {wait_s === 0 ? 'trying now' : `trying again in ${wait_s} s`}. You see the last known
            values.
        </NoteLine>
    );
}
