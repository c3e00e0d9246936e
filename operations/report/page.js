"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const GAP = 12, EDGE = 12, ROUNDS = 12;
  const byId = (id) => document.getElementById(id);
  const svg = byId("graph"), heads = byId("heads"), picture = byId("picture");
  const full = { width: Number(svg.getAttribute("width")), height: Number(svg.getAttribute("height")) };
  const WIDTH = Number(svg.querySelector("rect").getAttribute("width"));
  let zoom = 1, height = full.height, focus = null;

  const nodes = data.nodes.map((node, number) => {
    const element = svg.querySelector(`[data-node="${number}"]`);
    const [x, y] = element.getAttribute("transform").match(/[\d.-]+/g).map(Number);
    const size = Number(element.querySelector("rect").getAttribute("height"));
    const said = [node.label, node.place, ...node.says, ...Object.values(node.facts)];
    return { ...node, element, x, y, size, text: said.join("\n").toLowerCase() };
  });
  const edges = [...svg.querySelectorAll("path")].map((element, number) => ({
    ...data.edges[number], element, drawn: element.getAttribute("d"),
  }));
  const rows = [...byId("rows").rows].map((element) => ({
    element,
    routes: element.dataset.routes.split(" ").filter(Boolean).map(Number),
    text: element.textContent.toLowerCase(),
  }));

  const wanted = () => ({
    words: byId("search").value.toLowerCase().split(/\s+/).filter(Boolean),
    namespace: byId("namespace").value,
    account: byId("account").value,
    beginning: byId("beginning").value,
  });

  const has = (route, place) => !place || route.some((number) => nodes[number].place === place);

  const begins = (route, beginning) => {
    const kind = nodes[route[0]].kind;
    if (!beginning) return true;
    if (beginning === "nobody") return kind !== "Who" && kind !== "Mount";
    return kind === beginning;
  };

  // Every word must be somewhere on a way.
  const matches = (route, asked) =>
    has(route, asked.namespace) && has(route, asked.account) && begins(route, asked.beginning) &&
    asked.words.every((word) => route.some((number) => nodes[number].text.includes(word)));

  const inFocus = (number, route) =>
    focus === null || (focus.routes ? focus.routes.has(number) : route.includes(focus.node));

  // The least movement that keeps the order and the distance: what would overlap shares its mean.
  const apart = (column, wished) => {
    const blocks = [];
    let offset = 0;
    column.forEach((node, at) => {
      blocks.push({ sum: wished[at] - offset, count: 1 });
      offset += node.size + GAP;
      while (blocks.length > 1) {
        const [above, below] = blocks.slice(-2);
        if (above.sum / above.count <= below.sum / below.count) break;
        blocks.splice(-2, 2, { sum: above.sum + below.sum, count: above.count + below.count });
      }
    });
    let at = 0;
    offset = 0;
    for (const block of blocks) {
      for (let each = 0; each < block.count; each += 1, at += 1) {
        column[at].at = block.sum / block.count + offset;
        offset += column[at].size + GAP;
      }
    }
  };

  // What is left closes up: each column keeps its order, and each box moves to what it is joined to.
  const closeUp = (shown, pairs) => {
    const columns = new Map(), joined = new Map(shown.map((node) => [node, [[], []]]));
    for (const node of shown) {
      if (!columns.has(node.x)) columns.set(node.x, []);
      columns.get(node.x).push(node);
    }
    for (const pair of pairs) {
      const [source, target] = pair.split(" ").map((number) => nodes[number]);
      joined.get(source)[1].push(target);
      joined.get(target)[0].push(source);
    }
    const inOrder = [...columns.keys()].sort((a, b) => a - b).map((x) => columns.get(x).sort((a, b) => a.y - b.y));
    for (const column of inOrder) apart(column, column.map(() => 0));
    for (let round = 0; round < ROUNDS; round += 1) {
      const side = round % 2;
      for (const column of side ? [...inOrder].reverse() : inOrder) {
        apart(column, column.map((node) => {
          const others = joined.get(node)[side];
          if (!others.length) return node.at;
          const middle = others.reduce((sum, other) => sum + other.at + other.size / 2, 0) / others.length;
          return middle - node.size / 2;
        }));
      }
    }
    const top = Math.min(...shown.map((node) => node.at)) - EDGE;
    for (const node of shown) node.at -= top;
    return Math.max(...shown.map((node) => node.at + node.size)) + EDGE;
  };

  const curve = ([source, target]) => {
    const [from, to] = [nodes[source], nodes[target]];
    const [x, y, u, v] = [from.x + WIDTH, from.at + from.size / 2, to.x, to.at + to.size / 2];
    const bend = (u - x) / 2;
    return `M${x},${y}C${x + bend},${y} ${u - bend},${v} ${u},${v}`;
  };

  const show = () => {
    const asked = wanted();
    const plain = focus === null && !asked.words.length && !asked.namespace && !asked.account && !asked.beginning;
    const shownRoutes = new Set();
    data.routes.forEach((route, number) => {
      if (matches(route, asked) && inFocus(number, route)) shownRoutes.add(number);
    });
    const shownNodes = new Set(), pairs = new Set();
    for (const number of shownRoutes) {
      const route = data.routes[number];
      route.forEach((node, at) => {
        shownNodes.add(node);
        if (at) pairs.add(`${route[at - 1]} ${node}`);
      });
    }
    if (plain) nodes.forEach((_, number) => shownNodes.add(number));
    if (focus && focus.node !== undefined) shownNodes.add(focus.node);
    for (const node of nodes) node.at = node.y;
    const left = [...shownNodes].map((number) => nodes[number]);
    height = plain || !left.length ? full.height : closeUp(left, pairs);
    nodes.forEach((node, number) => {
      const shown = shownNodes.has(number);
      if (shown) node.element.removeAttribute("display");
      else node.element.setAttribute("display", "none");
      node.element.setAttribute("transform", `translate(${node.x},${node.at})`);
      node.element.classList.toggle("chosen", Boolean(focus) && focus.node === number);
      node.element.classList.toggle("found", asked.words.length > 0 && asked.words.some((word) => node.text.includes(word)));
    });
    for (const edge of edges) {
      const shown = plain || pairs.has(edge.ends.join(" "));
      if (shown) edge.element.removeAttribute("display");
      else edge.element.setAttribute("display", "none");
      if (shown) edge.element.setAttribute("d", plain ? edge.drawn : curve(edge.ends));
    }
    let lines = 0;
    for (const row of rows) {
      const shown = row.routes.some((number) => shownRoutes.has(number));
      row.element.hidden = !shown;
      row.element.classList.toggle("chosen", Boolean(focus && focus.row === row));
      lines += shown ? 1 : 0;
    }
    byId("count").textContent = `${lines} of ${rows.length} ways to AWS, ${shownNodes.size} of ${nodes.length} boxes`;
    scale();
    details();
  };

  const scale = () => {
    svg.setAttribute("viewBox", `0 0 ${full.width} ${height}`);
    svg.setAttribute("width", full.width * zoom);
    svg.setAttribute("height", height * zoom);
    heads.setAttribute("width", full.width * zoom);
    heads.setAttribute("height", 30 * zoom);
  };

  const add = (parent, tag, text, name) => {
    const element = document.createElement(tag);
    element.textContent = text;
    if (name) element.className = name;
    parent.append(element);
    return element;
  };

  const details = () => {
    const aside = byId("details");
    aside.replaceChildren();
    aside.hidden = !focus || focus.node === undefined;
    if (aside.hidden) return;
    const node = nodes[focus.node];
    add(aside, "h3", node.label);
    add(aside, "div", [node.kind, node.place].filter(Boolean).join(", "));
    for (const remark of node.remarks) add(aside, "p", remark, "remark");
    for (const edge of edges) {
      if (edge.broken && edge.ends.includes(focus.node)) add(aside, "p", edge.broken, "remark");
    }
    const list = add(aside, "dl", "");
    for (const said of node.says) add(list, "dd", said);
    for (const [name, value] of Object.entries(node.facts)) {
      add(list, "dt", name);
      add(list, "dd", value);
    }
    if (node.document) add(aside, "pre", JSON.stringify(node.document, null, 2));
  };

  const choose = (next) => {
    focus = next;
    show();
    picture.scrollTop = 0;
  };

  const pressed = (element, act) => {
    element.addEventListener("click", act);
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      act();
    });
  };

  nodes.forEach((node, number) => pressed(node.element, () =>
    choose(focus && focus.node === number ? null : { node: number })));
  rows.forEach((row) => pressed(row.element, () =>
    choose(focus && focus.row === row ? null : { row, routes: new Set(row.routes) })));
  byId("filters").addEventListener("input", () => choose(null));
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("everything").addEventListener("click", () => {
    byId("filters").reset();
    choose(null);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") choose(null);
  });
  byId("zoom").addEventListener("click", (event) => {
    const how = event.target.dataset.zoom;
    if (!how) return;
    if (how === "fit") zoom = Math.min(1.5, picture.clientWidth / full.width);
    else zoom = Math.min(3, Math.max(0.1, zoom * (how === "in" ? 1.25 : 0.8)));
    scale();
  });
  byId("filters").hidden = false;
  byId("zoom").hidden = false;
  show();
})();
