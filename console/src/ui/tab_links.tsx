/* The parts of a page as links under its head: each has an address of its own. */

import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

export interface TabLink {
    path: string;
    label: string;
    isCurrent: boolean;
}

export function TabLinks({ label, tabs }: { label: string; tabs: readonly TabLink[] }): VNode {
    const list = useRef<HTMLElement>(null);
    // On a phone the chosen one may be beside the screen.
    useLayoutEffect(() => {
        const chosen = list.current?.querySelector<HTMLElement>('[aria-current]');
        if (list.current && chosen) {
            list.current.scrollLeft = chosen.offsetLeft - 16;
        }
    }, []);
    return (
        <nav class="tabs" aria-label={label} ref={list}>
            {tabs.map((tab) => (
                <a key={tab.path} href={tab.path} aria-current={tab.isCurrent ? 'page' : undefined}>
                    {tab.label}
                </a>
            ))}
        </nav>
    );
}
