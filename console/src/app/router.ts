/* The router: paths to routes and back, and the browser's history. A route names a page; the query
   belongs to the page that is open, which may change it without being opened again. */

import { signal, type ReadonlySignal } from '@preact/signals';

export const securityTabs = [
    'posture',
    'users',
    'machines',
    'keys',
    'roles',
    'test',
    'audit',
] as const;
export type SecurityTab = (typeof securityTabs)[number];

export const operationsTabs = [
    'node',
    'limits',
    'queues',
    'storage',
    'trace',
    'logs',
    'backup',
] as const;
export type OperationsTab = (typeof operationsTabs)[number];

export type Route =
    | { name: 'home' }
    | { name: 'connect' }
    | { name: 'machines' }
    | { name: 'machine'; id: string }
    | { name: 'topics' }
    | { name: 'security'; tab: SecurityTab; item: string | null }
    | { name: 'mesh' }
    | { name: 'operations'; tab: OperationsTab }
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

/** The first tab has no word in its path. */
function tabOf<T extends string>(tabs: readonly T[], word: string | undefined): T | null {
    const index = word === undefined ? 0 : tabs.findIndex((tab, at) => at > 0 && tab === word);
    return tabs[index] ?? null;
}

function securityRoute(path: string, word: string | undefined, rest: readonly string[]): Route {
    const tab = tabOf(securityTabs, word);
    const mayHaveItem = tab === 'roles' || tab === 'machines';
    const item = rest[0] === undefined ? null : decode(rest[0]);
    const isWrong = rest.length > 0 && (!mayHaveItem || item === null || rest.length > 1);
    return tab === null || isWrong ? { name: 'lost', path } : { name: 'security', tab, item };
}

export function routeOf(path: string): Route {
    const [first = '', second, ...rest] = path.replace(/^\/+|\/+$/g, '').split('/');
    if (first === 'machines' && second !== undefined && rest.length === 0) {
        const id = decode(second);
        return id === null ? { name: 'lost', path } : { name: 'machine', id };
    }
    if (first === 'security') {
        return securityRoute(path, second, rest);
    }
    if (first === 'operations' && rest.length === 0) {
        const tab = tabOf(operationsTabs, second);
        return tab === null ? { name: 'lost', path } : { name: 'operations', tab };
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
        case 'mesh':
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
        case 'security':
        case 'operations': {
            const isFirst = route.tab === 'posture' || route.tab === 'node';
            const path = isFirst ? `/${route.name}` : `/${route.name}/${route.tab}`;
            const item = route.name === 'security' ? route.item : null;
            return item === null ? path : `${path}/${encodeURIComponent(item)}`;
        }
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

/** Pages that moved: who kept the old address finds the new one. */
const moved: Readonly<Record<string, string>> = { '/access': '/security/keys' };

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
        const newPath = moved[pathname];
        if (newPath !== undefined) {
            this.browser.replace(newPath + search + hash);
            return { route: routeOf(newPath), query: new URLSearchParams(search), hash };
        }
        return { route: routeOf(pathname), query: new URLSearchParams(search), hash };
    }
}
