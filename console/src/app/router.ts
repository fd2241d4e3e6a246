/* The router: paths to routes and back, and the browser's history. A route names a page; the query
   belongs to the page that is open, which may change it without being opened again. */

import { signal, type ReadonlySignal } from '@preact/signals';

export type Route =
    | { name: 'home' }
    | { name: 'connect' }
    | { name: 'machines' }
    | { name: 'machine'; id: string }
    | { name: 'topics' }
    | { name: 'access' }
    | { name: 'signin' }
    | { name: 'claim' }
    | { name: 'lost'; path: string };

export interface Place {
    route: Route;
    query: URLSearchParams;
    hash: string;
}

function decode(text: string): string | null {
    try {
        return decodeURIComponent(text);
    } catch {
        return null;
    }
}

export function routeOf(path: string): Route {
    const [first = '', second, ...rest] = path.replace(/^\/+|\/+$/g, '').split('/');
    if (first === 'machines' && second !== undefined && rest.length === 0) {
        const id = decode(second);
        return id === null ? { name: 'lost', path } : { name: 'machine', id };
    }
    if (second !== undefined) {
        return { name: 'lost', path };
    }
    switch (first) {
        case '':
            return { name: 'home' };
        case 'connect':
        case 'machines':
        case 'topics':
        case 'access':
        case 'signin':
        case 'claim':
            return { name: first };
        default:
            return { name: 'lost', path };
    }
}

export function pathOf(route: Route): string {
    switch (route.name) {
        case 'home':
            return '/';
        case 'machine':
            return `/machines/${encodeURIComponent(route.id)}`;
        case 'lost':
            return route.path;
        default:
            return `/${route.name}`;
    }
}

export function topicPath(topic: string): string {
    return `/topics?name=${encodeURIComponent(topic)}`;
}

/** What the router needs of the browser. */
export interface Browser {
    location: () => { pathname: string; search: string; hash: string };
    push: (url: string) => void;
    replace: (url: string) => void;
}

/** Query keys that choose how the console looks, not what it shows; they stay from page to page. */
const stickyKeys = ['still', 'theme', 'density'];

export class Router {
    private readonly current;

    constructor(private readonly browser: Browser) {
        this.current = signal<Place>(this.read());
    }

    get place(): ReadonlySignal<Place> {
        return this.current;
    }

    /** Goes to a path of the console; the sticky keys of the query go along. */
    go(path: string): void {
        const url = new URL(path, 'http://console');
        for (const key of stickyKeys) {
            const value = this.current.peek().query.get(key);
            if (value !== null && !url.searchParams.has(key)) {
                url.searchParams.set(key, value);
            }
        }
        this.browser.push(url.pathname + url.search + url.hash);
        this.refresh();
    }

    /** Changes the query of the open page in place, without a new entry in the history. */
    setQuery(values: Record<string, string>): void {
        const query = new URLSearchParams(this.current.peek().query);
        for (const [key, value] of Object.entries(values)) {
            if (value === '') {
                query.delete(key);
            } else {
                query.set(key, value);
            }
        }
        const { pathname, hash } = this.browser.location();
        const text = query.toString();
        this.browser.replace(pathname + (text === '' ? '' : `?${text}`) + hash);
        this.refresh();
    }

    /** The address changed by itself: back, forward, or the first load. */
    refresh(): void {
        this.current.value = this.read();
    }

    private read(): Place {
        const { pathname, search, hash } = this.browser.location();
        return { route: routeOf(pathname), query: new URLSearchParams(search), hash };
    }
}
