/* Where names stand in the drawing: each in the first of a few places around its mark where nothing
   is yet, the important ones first; a name without a place is left out. */

export interface Box {
    left: number;
    top: number;
    width: number;
    height: number;
}

export interface Mark {
    x: number;
    y: number;
    radius: number;
}

export interface Wish {
    /** In the list of marks. */
    mark: number;
    width: number;
    height: number;
    /** Stands somewhere even if nothing is free. */
    isNeeded: boolean;
    /** Best first; without, below comes first. */
    sides?: readonly Side[];
}

export type Side = 'bottom' | 'top' | 'right' | 'left';

export interface LabelPlace {
    side: Side;
    box: Box;
}

const gap_px = 4;

function boxAt(mark: Mark, wish: Wish, side: Side): Box {
    const { width, height } = wish;
    const away = mark.radius + gap_px;
    switch (side) {
        case 'bottom':
            return { left: mark.x - width / 2, top: mark.y + away, width, height };
        case 'top':
            return { left: mark.x - width / 2, top: mark.y - away - height, width, height };
        case 'right':
            return { left: mark.x + away, top: mark.y - height / 2, width, height };
        case 'left':
            return { left: mark.x - away - width, top: mark.y - height / 2, width, height };
    }
}

function overlaps(a: Box, b: Box): boolean {
    return (
        a.left < b.left + b.width &&
        b.left < a.left + a.width &&
        a.top < b.top + b.height &&
        b.top < a.top + a.height
    );
}

const sides: readonly Side[] = ['bottom', 'top', 'right', 'left'];

/** Sides of a mark where fewest lines leave it first; lines as directions in radians. */
export function freeSides(lines: readonly number[]): readonly Side[] {
    const busy: Record<Side, number> = { bottom: 0, top: 0, right: 0, left: 0 };
    for (const angle of lines) {
        const [x, y] = [Math.cos(angle), Math.sin(angle)];
        busy.bottom += Math.max(0, y - 0.4);
        busy.top += Math.max(0, -y - 0.4);
        busy.right += Math.max(0, x - 0.3);
        busy.left += Math.max(0, -x - 0.3);
    }
    return [...sides].sort((a, b) => busy[a] - busy[b]);
}

/** In the order of the wishes; null where there was no place. */
export function placeLabels(
    marks: readonly Mark[],
    wishes: readonly Wish[],
    frame: { width: number; height: number },
): (LabelPlace | null)[] {
    const taken: Box[] = marks.map((mark) => ({
        left: mark.x - mark.radius,
        top: mark.y - mark.radius,
        width: mark.radius * 2,
        height: mark.radius * 2,
    }));
    const names: Box[] = [];
    return wishes.map((wish) => {
        const mark = marks[wish.mark];
        if (!mark) {
            return null;
        }
        const choices = (wish.sides ?? sides).map((side) => ({
            side,
            box: boxAt(mark, wish, side),
        }));
        const isInside = ({ box }: LabelPlace): boolean =>
            box.left >= 0 &&
            box.top >= 0 &&
            box.left + box.width <= frame.width &&
            box.top + box.height <= frame.height;
        const free = choices.find(
            (choice) => isInside(choice) && !taken.some((one) => overlaps(one, choice.box)),
        );
        // One that is needed stands on marks before it stands on another name.
        const overMarks = choices.find(
            (choice) => isInside(choice) && !names.some((one) => overlaps(one, choice.box)),
        );
        const needed = overMarks ?? choices.find(isInside) ?? choices[0] ?? null;
        const chosen = free ?? (wish.isNeeded ? needed : null);
        if (chosen !== null) {
            taken.push(chosen.box);
            names.push(chosen.box);
        }
        return chosen;
    });
}
