/* The keys of the whole console. A key that a field, a dialog or the page takes is not taken
   here. */

import type { App } from './app';
import { openKeys, openPalette } from './find';
import { navItems } from './pages';
import { turnTheme } from './look';
import { valueOf } from './store';

const sequence_ms = 1_200;

function isTyping(target: EventTarget | null): boolean {
    return (
        target instanceof HTMLInputElement ||
        target instanceof HTMLTextAreaElement ||
        target instanceof HTMLSelectElement ||
        (target instanceof HTMLElement && target.isContentEditable)
    );
}

export function listenToKeys(app: App, target: Window): void {
    let g_ms = Number.NEGATIVE_INFINITY;
    target.addEventListener('keydown', (event) => {
        if (event.defaultPrevented || app.store.session.peek().phase !== 'in') {
            return;
        }
        if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
            event.preventDefault();
            void openPalette(app);
            return;
        }
        const isOther = event.ctrlKey || event.metaKey || event.altKey;
        if (isOther || isTyping(event.target) || app.store.dialog.peek() !== null) {
            return;
        }
        const page = valueOf(app.store.page.peek());
        if (event.timeStamp - g_ms < sequence_ms) {
            g_ms = Number.NEGATIVE_INFINITY;
            const item = navItems.find((one) => one.key === event.key);
            if (item) {
                event.preventDefault();
                app.router.go(item.path);
                return;
            }
        }
        if (event.key === 'g') {
            g_ms = event.timeStamp;
        } else if (event.key === '/') {
            event.preventDefault();
            if (page?.find) {
                page.find();
            } else {
                void openPalette(app);
            }
        } else if (event.key === '?') {
            void openKeys(app);
        } else if (event.key === 'T' && event.shiftKey) {
            turnTheme(app);
        } else if (page?.onKey?.(event) === true) {
            event.preventDefault();
        }
    });
}
