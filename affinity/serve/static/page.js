/* The page works without this file: it draws pair graphs, and says aloud what a search found. */
"use strict";

/* What a search found is said to screen readers. */
document.addEventListener("htmx:after:swap", () => {
  const found = document.querySelector("[data-announce]");
  const place = document.querySelector("[data-announced]");
  if (found && place) place.textContent = found.textContent;
});

/* The pair graph: positions, widths and addresses come from the server; the table below it holds the same pairs. */
function drawGraph(place) {
  const given = JSON.parse(place.dataset.graph);
  const colour = (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    place.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const most = Math.max(1, ...given.nodes.map((node) => node.baskets ?? 1));
  const narrow = place.clientWidth < 600;
  const spot = (node) => (narrow ? node.narrow : node.wide);
  const shown = given.nodes.filter(spot);
  const nodes = shown.map((node) => ({
    data: { id: node.id, name: node.name, href: node.href, size: 14 + 26 * Math.sqrt((node.baskets ?? 1) / most), here: node.here ? 1 : 0 },
    position: { x: spot(node)[0], y: spot(node)[1] },
  }));
  const ids = new Set(shown.map((node) => node.id));
  const edges = given.edges.filter((edge) => ids.has(edge.from) && ids.has(edge.to))
    .map((edge) => ({ data: { source: edge.from, target: edge.to, width: 1 + 6 * edge.strength } }));
  const graph = cytoscape({
    container: place,
    elements: { nodes, edges },
    layout: { name: "preset", fit: true, padding: narrow ? 10 : 24 },
    userZoomingEnabled: false,
    userPanningEnabled: false,
    boxSelectionEnabled: false,
    autoungrabify: true,
    style: [
      { selector: "node", style: { "background-color": colour("--bar"), width: "data(size)", height: "data(size)", label: "data(name)",
        color: colour("--text"), "font-size": narrow ? 12 : 13, "text-wrap": "wrap", "text-max-width": narrow ? 84 : 130, "text-valign": "bottom",
        "text-margin-y": 3, "text-background-color": colour("--card"), "text-background-opacity": 0.85, "text-background-padding": 1 } },
      { selector: "node[here = 1]", style: { "background-color": "#d9822b", "font-weight": 700 } },
      { selector: "edge", style: { width: "data(width)", "line-color": colour("--edge"), "curve-style": "straight", opacity: 0.8 } },
    ],
  });
  graph.on("tap", "node", (event) => location.assign(event.target.data("href")));
  graph.on("mouseover", "node", () => { place.style.cursor = "pointer"; });
  graph.on("mouseout", "node", () => { place.style.cursor = ""; });
  place.graph = graph;
}

function drawGraphs() {
  for (const place of document.querySelectorAll(".graph[data-graph]")) {
    place.graph?.destroy();
    drawGraph(place);
  }
}

document.addEventListener("DOMContentLoaded", () => {
  if (typeof cytoscape === "undefined") return;
  /* Cytoscape would write a style sheet into the page, which its policy forbids; page.css holds that rule. */
  const mark = document.createElement("meta");
  mark.id = "__________cytoscape_stylesheet";
  document.head.append(mark);
  drawGraphs();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawGraphs);
});
