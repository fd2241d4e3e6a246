import { describe, expect, it } from 'vitest';
import { pathOf, routeOf, Router, topicPath, type Route } from './router';

describe('routes', () => {
    const routes: Route[] = [
        { name: 'home' },
        { name: 'connect' },
        { name: 'machines' },
        { name: 'machine', id: 'press-07' },
        { name: 'machine', id: 'hall 2/press?' },
        { name: 'topics' },
        { name: 'security', tab: 'posture', item: null },
        { name: 'security', tab: 'users', item: null },
        { name: 'security', tab: 'roles', item: 'sensor 2' },
        { name: 'operations', tab: 'node' },
        { name: 'operations', tab: 'trace' },
        { name: 'signin' },
        { name: 'claim' },
    ];

    it.each(routes)('goes to a path and back: $name', (route) => {
        expect(routeOf(pathOf(route))).toEqual(route);
    });

    it('takes a slash at the end', () => {
        expect(routeOf('/topics/')).toEqual({ name: 'topics' });
        expect(routeOf('/mesh')).toEqual({ name: 'mesh' });
    });

    it('is lost on paths that no page has, and on broken escapes', () => {
        expect(routeOf('/rules').name).toBe('lost');
        expect(routeOf('/mesh/nodes').name).toBe('lost');
        expect(routeOf('/machines/a/b').name).toBe('lost');
        expect(routeOf('/security/posture').name).toBe('lost');
        expect(routeOf('/security/users/anna').name).toBe('lost');
        expect(routeOf('/security/roles/a/b').name).toBe('lost');
        expect(routeOf('/operations/trace/1').name).toBe('lost');
        expect(routeOf('/machines/%E0%A4%A').name).toBe('lost');
    });

    it('escapes a topic in a link', () => {
        expect(topicPath('plant/h2/a b')).toBe('/topics?name=plant%2Fh2%2Fa%20b');
    });
});

function fakeRouter(start: string): {
    router: Router;
    urls: string[];
    visit: (url: string) => void;
} {
    const urls = [start];
    const show = (url: string): void => {
        urls[urls.length - 1] = url;
    };
    const router = new Router({
        location: () => {
            const url = new URL(urls.at(-1) ?? '/', 'http://x');
            return { pathname: url.pathname, search: url.search, hash: url.hash };
        },
        push: (url) => urls.push(url),
        replace: show,
    });
    return { router, urls, visit: show };
}

describe('the router', () => {
    it('reads the place it starts at', () => {
        const { router } = fakeRouter('/claim#abc');
        expect(router.place.value.route.name).toBe('claim');
        expect(router.place.value.hash).toBe('#abc');
    });

    it('goes to a page and keeps the keys that choose the look', () => {
        const { router, urls } = fakeRouter('/?theme=dark&still&q=x');
        router.go('/machines?state=online');
        expect(urls.at(-1)).toBe('/machines?state=online&still=&theme=dark');
        expect(router.place.value.route.name).toBe('machines');
    });

    it('changes the query in place', () => {
        const { router, urls } = fakeRouter('/topics?q=temp');
        router.setQuery({ q: '', name: 'a/b' });
        expect(urls).toEqual(['/topics?name=a%2Fb']);
        expect(router.place.value.query.get('name')).toBe('a/b');
    });

    it('leads from where a page stood before to where it stands', () => {
        const { router, urls } = fakeRouter('/access?new=1');
        expect(router.place.value.route).toEqual({ name: 'security', tab: 'keys', item: null });
        expect(router.place.value.query.get('new')).toBe('1');
        expect(urls).toEqual(['/security/keys?new=1']);
    });

    it('follows the browser back', () => {
        const { router, visit } = fakeRouter('/topics');
        visit('/connect');
        router.refresh();
        expect(router.place.value.route.name).toBe('connect');
    });
});
