/* A part of a page whose script loads when it is first shown, so that the page shows its data
   sooner. */

import { useSignal } from '@preact/signals';
import type { ComponentChildren, ComponentType, VNode } from 'preact';
import { useEffect } from 'preact/hooks';

export function Later<P extends object>(props: {
    load: () => Promise<ComponentType<P>>;
    with: P;
    /** Until then. */
    children?: ComponentChildren;
}): VNode {
    const part = useSignal<ComponentType<P> | null>(null);
    useEffect(() => {
        let isGone = false;
        void props.load().then((loaded) => {
            if (!isGone) {
                part.value = loaded;
            }
        });
        return () => {
            isGone = true;
        };
    }, []);
    const Part = part.value;
    return Part === null ? <>{props.children}</> : <Part {...props.with} />;
}
