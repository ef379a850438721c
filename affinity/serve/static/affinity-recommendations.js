/*
 * <affinity-recommendations>: shows what `affinity serve` recommends. One ES module, no dependencies, no build.
 *
 *   <script type="module" src="https://recommend.example/static/affinity-recommendations.js"></script>
 *   (or the versioned name with its integrity hash, which /demo prints: kept by browsers for ever, refused when changed)
 *   <affinity-recommendations context="product" product-id="P-12" limit="4" href="/shop/{id}">…fallback…</affinity-recommendations>
 *
 * Attributes
 *   context      product | cart | customer | order_confirmation (default customer)
 *   product-id   the product of the page; products: the cart or the order, ids with commas between, or a
 *                JSON list of them (ids may hold spaces; those with commas need the list)
 *   customer-id  who is looking; left out for a guest
 *   endpoint     where the server is (default: where this file came from); limit, placement as the API has them
 *   api-key      a publishable key, if the server asks for keys; everybody who sees the page can read it
 *   heading      the heading's text; href: address of a product, {id} stands for its id (else items are buttons)
 * Parts: section, heading, list, item, link, name, price, reason. Variables: --affinity-text, --affinity-muted,
 * --affinity-surface, --affinity-border, --affinity-accent, --affinity-gap, --affinity-radius, --affinity-width.
 * Events (bubbling, through shadow roots): affinity:loaded {items, request_id, group}; affinity:click {item, request_id},
 * which can be cancelled. What a shop puts inside the element is shown until there are items, and when there are none.
 *
 * Texts of products are only ever written as text. When the server is away, refuses or has nothing, nothing is drawn.
 */

const WATCHED = ["context", "product-id", "customer-id", "products", "endpoint", "limit", "placement", "api-key", "heading", "href"];
const HOME = new URL("..", import.meta.url).href;
const PATIENCE = 4000; // ms until the server counts as away

const STYLE = `
:host { display: block; color-scheme: light dark; }
:host([hidden]) { display: none; }
section { color: var(--affinity-text, CanvasText); font: inherit; }
h2 { font-size: 1.15em; margin: 0 0 .6em; }
ul { display: grid; gap: var(--affinity-gap, .75rem); list-style: none; margin: 0; padding: 0;
     grid-template-columns: repeat(auto-fill, minmax(min(100%, var(--affinity-width, 13rem)), 1fr)); }
li { display: flex; min-width: 0; }
a, button { box-sizing: border-box; flex: 1; min-width: 0; font: inherit; text-align: start; color: inherit; text-decoration: none;
  cursor: pointer; display: flex; flex-direction: column; gap: .3em; padding: .8em; overflow-wrap: anywhere;
  background: var(--affinity-surface, Canvas); border-radius: var(--affinity-radius, .5rem);
  border: 1px solid var(--affinity-border, color-mix(in srgb, CanvasText 22%, transparent)); transition: border-color .15s, translate .15s; }
a:hover, button:hover { border-color: var(--affinity-accent, LinkText); translate: 0 -1px; }
a:focus-visible, button:focus-visible { outline: 3px solid var(--affinity-accent, LinkText); outline-offset: 2px; }
.name { font-weight: 600; }
.reason { color: var(--affinity-muted, color-mix(in srgb, CanvasText 70%, Canvas)); font-size: .85em; }
@media (prefers-reduced-motion: reduce) { a, button { transition: none; } a:hover, button:hover { translate: none; } }
@media (forced-colors: active) { a, button { border-color: ButtonBorder; } }
`;

const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** An element with a part of its own name, and text. */
function make(tag, part, text) {
  const element = document.createElement(tag);
  element.setAttribute("part", part);
  element.className = part;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** The ids of a list: JSON, or texts with commas between. */
function readIds(text) {
  if (!text.trimStart().startsWith("[")) return text.split(",").map((id) => id.trim());
  try {
    return JSON.parse(text).map(String);
  } catch {
    return [];
  }
}

/** The address of a product, or null: only http(s), so that no id can become a script. */
function addressOf(pattern, id) {
  if (!pattern) return null;
  try {
    const url = new URL(pattern.replaceAll("{id}", encodeURIComponent(id)), document.baseURI);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

export class AffinityRecommendations extends HTMLElement {
  static observedAttributes = WATCHED;
  #root = this.attachShadow({ mode: "open" });
  #asking = null;
  #watching = null;
  #planned = false;
  #seen = new Set();

  connectedCallback() {
    if (!this.#root.firstChild) {
      const sheet = new CSSStyleSheet(); // a constructed sheet needs no 'unsafe-inline'
      sheet.replaceSync(STYLE);
      this.#root.adoptedStyleSheets = [sheet];
      this.#clear();
    }
    this.#plan();
  }

  disconnectedCallback() {
    this.#asking?.abort();
    this.#watching?.disconnect();
  }

  attributeChangedCallback(_, before, after) {
    if (before !== after && this.isConnected) this.#plan();
  }

  /** Ask again, e.g. after the cart changed. */
  reload() {
    return this.#load();
  }

  /** One question for attributes that are set together. */
  #plan() {
    if (this.#planned) return;
    this.#planned = true;
    queueMicrotask(() => {
      this.#planned = false;
      if (this.isConnected) this.#load();
    });
  }

  #address(path) {
    const endpoint = this.getAttribute("endpoint");
    return new URL(path, endpoint ? new URL(endpoint.replace(/\/?$/, "/"), document.baseURI) : HOME);
  }

  #headers(more) {
    const key = this.getAttribute("api-key");
    return key ? { ...more, "X-API-Key": key } : more;
  }

  #question() {
    const asked = { context: this.getAttribute("context") || "customer" };
    const ids = [...readIds(this.getAttribute("products") || ""), this.getAttribute("product-id")].filter(Boolean);
    if (ids.length) asked.product_ids = [...new Set(ids)];
    for (const [attribute, field] of [["customer-id", "customer_id"], ["placement", "placement"]])
      if (this.getAttribute(attribute)) asked[field] = this.getAttribute(attribute);
    const limit = Number.parseInt(this.getAttribute("limit") || "", 10);
    if (limit > 0) asked.limit = Math.min(limit, 100);
    return asked;
  }

  async #load() {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    const patience = setTimeout(() => asking.abort(), PATIENCE);
    this.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(this.#address("v1/recommendations"), {
        method: "POST", headers: this.#headers({ "Content-Type": "application/json" }), body: JSON.stringify(this.#question()),
        signal: asking.signal, credentials: "omit", referrerPolicy: "no-referrer",
      });
      if (!answer.ok) throw new Error(`answered ${answer.status}`);
      const found = await answer.json();
      if (asking === this.#asking) this.#show(found);
    } catch {
      if (asking === this.#asking) this.#clear();
    } finally {
      clearTimeout(patience);
      if (asking === this.#asking) this.removeAttribute("aria-busy");
    }
  }

  /** Nothing of ours; what the shop put inside is shown. */
  #clear() {
    this.#watching?.disconnect();
    this.#root.replaceChildren(document.createElement("slot"));
  }

  #show(found) {
    const items = Array.isArray(found.items) ? found.items : [];
    if (items.length === 0) {
      this.#clear();
    } else {
      const section = make("section", "section");
      const heading = make("h2", "heading", this.getAttribute("heading") || "You may also like");
      heading.id = "heading";
      section.setAttribute("aria-labelledby", "heading");
      const list = make("ul", "list");
      list.setAttribute("role", "list"); // Safari takes it away with the bullets
      const rows = items.map((item) => this.#row(item, found));
      list.append(...rows);
      section.append(heading, list);
      this.#watching?.disconnect();
      this.#root.replaceChildren(section);
      this.#watch(rows, items, found);
    }
    const detail = { items, request_id: found.request_id, group: found.group };
    this.dispatchEvent(new CustomEvent("affinity:loaded", { bubbles: true, composed: true, detail }));
  }

  #row(item, found) {
    const row = make("li", "item");
    const address = addressOf(this.getAttribute("href"), item.product_id);
    const link = make(address ? "a" : "button", "link");
    if (address) link.href = address;
    else link.type = "button";
    link.append(make("span", "name", item.name || item.product_id));
    if (typeof item.price === "number") link.append(make("span", "price", item.price.toLocaleString(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 })));
    if (item.reason) link.append(make("span", "reason", item.reason));
    link.addEventListener("click", (event) => {
      this.#tell("click", [item], found);
      const detail = { item, request_id: found.request_id };
      const going = this.dispatchEvent(new CustomEvent("affinity:click", { bubbles: true, composed: true, cancelable: true, detail }));
      if (!going) event.preventDefault();
    });
    row.append(link);
    return row;
  }

  /** An impression is an item half of which was on the screen; each is told once an answer. */
  #watch(rows, items, found) {
    this.#seen = new Set();
    const place = new Map(rows.map((row, index) => [row, index]));
    this.#watching = new IntersectionObserver((entries) => {
      const shown = [];
      for (const entry of entries) {
        const index = place.get(entry.target);
        if (!entry.isIntersecting || this.#seen.has(index)) continue;
        this.#seen.add(index);
        this.#watching.unobserve(entry.target);
        shown.push(items[index]);
      }
      if (shown.length) this.#tell("impression", shown, found);
    }, { threshold: 0.5 });
    rows.forEach((row) => this.#watching.observe(row));
  }

  /** Sent also while the page is left (keepalive; a beacon could not carry the key). What fails is not shown to anybody. */
  #tell(type, items, found) {
    const customer = this.getAttribute("customer-id");
    const events = items.map((item) => ({
      event_id: newId(), type, request_id: found.request_id, product_id: item.product_id, rank: item.rank,
      ...(customer ? { customer_id: customer } : {}), ...(found.placement ? { placement: found.placement } : {}),
    }));
    const body = JSON.stringify({ events });
    const send = (again) => fetch(this.#address("v1/events"), {
      method: "POST", headers: this.#headers({ "Content-Type": "application/json" }), body, keepalive: true,
      credentials: "omit", referrerPolicy: "no-referrer",
    }).then((answer) => { if (answer.status === 503 || answer.status === 429) throw new Error("busy"); })
      .catch(() => { if (again) setTimeout(() => send(false), 2000); });
    send(true); // once more with the same event ids: the server counts each once
  }
}

if (!customElements.get("affinity-recommendations")) customElements.define("affinity-recommendations", AffinityRecommendations);
