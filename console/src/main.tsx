/* The start: wires the application to the browser and renders it. Everything that touches
   globals of the browser is here, so that the rest can run in a test. */

import { effect } from '@preact/signals';
import { render } from 'preact';
import { LiveFeed, type SocketLike } from './api/live';
import { App } from './app/app';
import { Frame } from './app/frame';
import { listenToKeys } from './app/keys';
import { browserKeep, readPrefs } from './app/prefs';
import { Root } from './app/root';
import { Router } from './app/router';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/controls.css';
import './styles/values.css';
import './styles/overlays.css';
import './styles/product.css';
import './styles/lists.css';

const query = new URLSearchParams(location.search);
const isStill = query.has('still');
const keep = browserKeep();
const prefs = readPrefs(keep, query);
const now_ms = (): number => Date.now();

const router = new Router({
    location: () => location,
    push: (url) => history.pushState(null, '', url),
    replace: (url) => history.replaceState(null, '', url),
});

function openSocket(): SocketLike {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/api/v1/live`);
    const like: SocketLike = {
        onopen: null,
        onmessage: null,
        onclose: null,
        send: (text) => socket.send(text),
        close: () => socket.close(),
    };
    socket.onopen = () => like.onopen?.();
    socket.onmessage = (event) => like.onmessage?.(event);
    socket.onclose = () => like.onclose?.();
    return like;
}

const app = new App({
    router,
    prefs,
    keep,
    isStill,
    now_ms,
    origin: location.origin,
    fetch: (input, init) => fetch(input, init),
    frame: new Frame({
        now_ms: () => performance.now(),
        nextFrame: (run) => requestAnimationFrame(run),
        setTimer: (run, delay_ms) => setTimeout(run, delay_ms),
        isStill,
    }),
    makeFeed: () =>
        new LiveFeed({
            open: openSocket,
            now_ms,
            random: () => Math.random(),
            setTimer: (run, delay_ms) => window.setTimeout(run, delay_ms),
            clearTimer: (timer) => clearTimeout(timer),
        }),
});

/* Theme and density are attributes of the root; canvases then read their colours again. */
effect(() => {
    const root = document.documentElement;
    if (prefs.theme.value === 'auto') {
        delete root.dataset['theme'];
    } else {
        root.dataset['theme'] = prefs.theme.value;
    }
    root.dataset['density'] = prefs.density.value;
    root.toggleAttribute('data-still', isStill);
    app.store.paint.value = app.store.paint.peek() + 1;
});
for (const media of [
    '(prefers-color-scheme: dark)',
    '(forced-colors: active)',
    '(prefers-contrast: more)',
]) {
    matchMedia(media).addEventListener('change', () => {
        app.store.paint.value += 1;
    });
}

/* Links of the console change the page without loading it again. */
document.addEventListener('click', (event) => {
    const link = (event.target as Element | null)?.closest?.('a');
    const isPlain =
        event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (
        !link ||
        !isPlain ||
        event.defaultPrevented ||
        link.target !== '' ||
        link.hasAttribute('download')
    ) {
        return;
    }
    const href = link.getAttribute('href') ?? '';
    if (href.startsWith('/') && !href.startsWith('/api/')) {
        event.preventDefault();
        router.go(href);
    }
});
addEventListener('popstate', () => router.refresh());
addEventListener('hashchange', () => router.refresh());
addEventListener('online', () => app.live.retryNow());

listenToKeys(app, window);
const root = document.getElementById('root');
if (root) {
    render(<Root app={app} />, root);
}
void app.start();
