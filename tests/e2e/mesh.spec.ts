/* The mesh: founded on the page, joined by a token, drawn, traced, and a node put out again. And a
   floor of 300 nodes that only the page sees: what it costs, and that nobody moves. */

import type { APIRequestContext, Page } from "@playwright/test";
import { claim, expect, expectFits, test, user } from "./fixtures.ts";
import { type LiveNode, startNode } from "./live_node.ts";

/** Signs in; writes carry the token that this gives. */
async function signIn(
  request: APIRequestContext,
  node: LiveNode,
): Promise<string> {
  const answer = await request.post(`${node.url}/api/v1/session`, {
    data: { name: user.name, password: user.password },
  });
  expect(answer.status()).toBe(200);
  return ((await answer.json()) as { csrf_token: string }).csrf_token;
}

async function invite(page: Page, button: string): Promise<string> {
  await page.getByRole("button", { name: button, exact: true }).click();
  await page.getByRole("button", { name: "Make the token" }).click();
  await expect(
    page.getByRole("img", { name: "The token as a QR code" }),
  ).toBeVisible();
  const token = await page
    .getByRole("dialog")
    .locator("pre")
    .first()
    .innerText();
  await page.getByRole("button", { name: "I have copied it" }).click();
  return token.trim();
}

async function join(
  node: LiveNode,
  page: Page,
  token: string,
  name: string,
): Promise<void> {
  const { request } = await page.context().browser()!.newContext();
  const headers = { "X-Kith-Token": await signIn(request, node) };
  const data = { token, name };
  const answer = await request.post(`${node.url}/api/v1/mesh`, {
    data,
    headers,
  });
  expect(answer.status()).toBe(204);
}

const mark = (page: Page, name: string) =>
  page.locator(".topo").getByRole("button", { name: new RegExp(`^${name}, `) });

test("a mesh is founded, joined by a token, traced, and a node put out", async ({
  page,
}) => {
  test.setTimeout(180_000);
  const nodes: LiveNode[] = [];
  try {
    const founder = await startNode("gw-founder");
    nodes.push(founder);
    await claim(founder);
    await signIn(page.request, founder);
    await page.goto(`${founder.url}/mesh`);
    await expect(page.getByText("This node belongs to no mesh")).toBeVisible();
    await expectFits(page, "mesh-none");
    await page.getByRole("button", { name: "Found a mesh here" }).click();
    await expect(
      page.getByText("This node is alone in its mesh."),
    ).toBeVisible();
    const token = await invite(page, "Invite the first node");
    expect(token).toMatch(/^kith1\./);
    test.skip(founder.kind === "mock", "nobody else joins the mock");

    const cellar = await startNode("gw-cellar");
    nodes.push(cellar);
    await claim(cellar);
    await join(cellar, page, token, "cellar");
    await expect(mark(page, "cellar")).toBeVisible({ timeout: 30_000 });
    await expect(page.getByText("All 2 nodes can be reached.")).toBeVisible();

    const attic = await startNode("gw-attic");
    nodes.push(attic);
    await claim(attic);
    await join(attic, page, await invite(page, "Invite a node"), "attic");
    await expect(page.getByText("All 3 nodes can be reached.")).toBeVisible({
      timeout: 30_000,
    });
    const links = page.getByRole("row", {
      name: /good .* (to|from) 127.0.0.1:/,
    });
    await expect(links).toHaveCount(2);

    await page
      .getByLabel("To", { exact: true })
      .selectOption({ label: "attic" });
    await expect(page.getByText(/1 hop, by link state/)).toBeVisible();
    await expect(page.locator(".hop")).toHaveCount(2);
    await expect(page).toHaveURL(/to=[0-9a-f]{16}/);
    await expectFits(page, "mesh");

    await page
      .getByRole("row")
      .getByRole("button", { name: "attic" })
      .last()
      .click();
    await page.getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByRole("button", { name: "Revoke attic" }).click();
    await expect(page.getByText("Type attic to confirm.")).toBeVisible();
    await page.getByLabel("Type the name to confirm").fill("attic");
    await page.getByRole("button", { name: "Revoke attic" }).click();
    await expect(page.getByText("All 2 nodes can be reached.")).toBeVisible({
      timeout: 30_000,
    });
    await expect(
      page.getByRole("row").getByRole("button", { name: "attic" }),
    ).toHaveCount(0);
  } finally {
    await page.goto("about:blank");
    await Promise.all(nodes.map((node) => node.stop()));
  }
});

const floor_nodes = 300;
/** Three or four elements for a mark, and names where there is room. */
const elements_max = 4_000;
const rows_max = 60;

const idOf = (index: number): string =>
  (index + 1).toString(16).padStart(16, "0");

interface ToldNode {
  id: string;
  name: string;
  role: string;
  state: string;
  leaving: boolean;
  neighbors: { to: string; cost: number }[];
}

/** A ring in which each node is linked with one far away, too; the last one hangs on the first. */
function floor(count: number): ToldNode[] {
  const ends = new Set<string>();
  for (let at = 0; at < Math.min(count, floor_nodes); at += 1) {
    for (const to of [(at + 1) % floor_nodes, (at * 7 + 3) % floor_nodes]) {
      ends.add(at < to ? `${at} ${to}` : `${to} ${at}`);
    }
  }
  if (count > floor_nodes) {
    ends.add(`0 ${floor_nodes}`);
  }
  const pairs = [...ends].map(
    (one) => one.split(" ").map(Number) as [number, number],
  );
  return Array.from({ length: count }, (_, index) => ({
    id: idOf(index),
    name: `node-${index}`,
    role: "router",
    state: index === 0 ? "self" : index === 17 ? "unreachable" : "reachable",
    leaving: false,
    neighbors: pairs
      .filter((pair) => pair.includes(index) && pair[0] !== pair[1])
      .map((pair) => ({
        to: idOf(pair[0] === index ? pair[1] : pair[0]),
        cost: 12,
      })),
  }));
}

test("a floor of 300 nodes is drawn and listed, and nobody moves when one more comes", async ({
  home,
  node,
}) => {
  let count = floor_nodes;
  const answer = (path: string, value: () => unknown) =>
    home.route(`**/api/v1/mesh${path}`, (route) =>
      route.fulfill({ json: value() }),
    );
  await answer("", () => ({
    state: "on",
    reason: null,
    membership: "member",
    mesh: "b3f1c04a77d2e918",
    may_invite: false,
    node: idOf(0),
    name: "node-0",
    address: "0.0.0.0:7883",
    peers: [],
    custody: 0,
    spool: { messages: 0, bytes: 0 },
    drops: [],
  }));
  await answer("/nodes", () => ({ items: floor(count), next: null }));
  await answer("/links", () => ({ items: [], next: null }));
  await home.goto(`${node.url}/mesh`);
  const marks = home.locator("[data-node]");
  await expect(marks).toHaveCount(floor_nodes);
  await expect(
    home.getByText(/299 of 300 nodes can be reached; node-17 cannot/),
  ).toBeVisible();
  expect(await home.locator("[data-row]").count()).toBeLessThan(rows_max);
  expect(await home.locator("*").count()).toBeLessThan(elements_max);

  const places = () =>
    marks.evaluateAll((all) =>
      all.map(
        (one) =>
          `${one.getAttribute("data-node")} ${one.getAttribute("transform")}`,
      ),
    );
  const before = await places();
  expect(new Set(before.map((one) => one.slice(17))).size).toBe(floor_nodes);
  count += 1;
  await expect(marks).toHaveCount(floor_nodes + 1);
  expect((await places()).slice(0, floor_nodes)).toEqual(before);
  await home.reload();
  await expect(marks).toHaveCount(floor_nodes + 1);
  expect((await places()).slice(0, floor_nodes)).toEqual(before);

  // One stop of the Tab key; arrows walk, Enter chooses.
  await expect(home.locator('[data-node][tabindex="0"]')).toHaveCount(1);
  await home.locator('[data-node][tabindex="0"]').focus();
  await home.keyboard.press("ArrowRight");
  await home.keyboard.press("Enter");
  const chosen = home.locator('[data-node][aria-pressed="true"]');
  await expect(chosen).toHaveCount(1);
  await expect(chosen).not.toHaveAttribute("data-node", idOf(0));
  await expect(chosen).toBeFocused();
  await home.getByRole("button", { name: "Larger" }).click();
  await expect(marks).toHaveCount(floor_nodes + 1);
  await home.getByRole("button", { name: "Smaller" }).click();
  expect((await places()).slice(0, floor_nodes)).toEqual(before);
  await expectFits(home, "mesh-floor");
});
