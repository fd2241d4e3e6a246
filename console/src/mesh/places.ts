/* Where nodes stood when they were last drawn, kept in the browser: one drawing for each mesh and
   each form of the frame, wide and tall. */

import type { Keep } from '../app/prefs';
import { arrange, layOut, readPlaces, writePlaces, type FrameSize, type Places } from './layout';
import type { Graph } from './model';

export class PlaceKeeper {
    private readonly places = new Map<string, Places>();

    constructor(
        private readonly keep: Keep,
        private readonly mesh: () => string,
    ) {}

    /** The same as before for who was there. */
    placesIn(graph: Graph, frame: FrameSize): Places {
        const key = this.keyFor(frame);
        const known = this.places.get(key) ?? readPlaces(this.keep.get(key));
        const places = layOut(graph, known, frame);
        if (places !== known) {
            this.keep.set(key, writePlaces(places));
        }
        this.places.set(key, places);
        return places;
    }

    arrangeAgain(graph: Graph, frame: FrameSize): void {
        const key = this.keyFor(frame);
        const places = arrange(graph, frame);
        this.keep.set(key, writePlaces(places));
        this.places.set(key, places);
    }

    private keyFor(frame: FrameSize): string {
        return `kith.mesh.${this.mesh()}.${frame.width < frame.height ? 'tall' : 'wide'}`;
    }
}
