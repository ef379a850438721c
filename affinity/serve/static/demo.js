/* The demo shop: pages by the address's fragment, each with the widget that belongs there. Texts are only written as text. */

const main = document.getElementById("main");
const select = document.getElementById("customer");
const shop = await (await fetch("/demo/shop.json")).json();
const products = new Map(shop.products.map((product) => [product.id, product]));
let cart = [];

document.getElementById("release").textContent = shop.release;
document.getElementById("as-of").textContent = shop.as_of ?? "an unknown day";
for (const id of shop.customers) select.append(new Option(id, id));

function make(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function button(text, act, kind = "") {
  const element = make("button", text, { type: "button", class: kind });
  element.addEventListener("click", act);
  return element;
}

function widget(context, heading, attributes = {}) {
  const asked = { context, heading, limit: 6, placement: `demo.${context}`, href: "#product/{id}", ...attributes };
  if (select.value) asked["customer-id"] = select.value;
  return make("affinity-recommendations", "", asked);
}

const known = (id) => products.get(id) ?? { id, name: id, price: null };
const priced = (product) => (product.price === null ? "" : product.price.toFixed(2));

function fill(cart_) {
  cart = cart_;
  document.getElementById("count").textContent = cart.length;
}

function home() {
  const list = make("ul", "", { class: "grid" });
  for (const product of products.values()) {
    const row = make("li"), link = make("a", "", { href: `#product/${encodeURIComponent(product.id)}` });
    link.append(make("div", product.name), make("div", priced(product), { class: "price" }));
    row.append(link);
    list.append(row);
  }
  const heading = select.value ? "Chosen for you" : "Popular now";
  main.replaceChildren(make("h1", "Welcome"), widget("customer", heading), make("h2", "All products"), list);
}

function productPage(id) {
  const product = known(id);
  const add = button("Add to the cart", () => { fill([...new Set([...cart, id])]); location.hash = "cart"; }, "main");
  main.replaceChildren(make("h1", product.name), make("p", priced(product), { class: "price" }), add,
    widget("product", "Bought together with this", { "product-id": id }));
}

function cartPage() {
  const rows = make("ul", "", { class: "cart" });
  for (const id of cart) {
    const row = make("li", known(id).name);
    const remove = button("Remove", () => { fill(cart.filter((one) => one !== id)); cartPage(); });
    remove.setAttribute("aria-label", `Remove ${known(id).name}`);
    row.append(remove);
    rows.append(row);
  }
  const parts = [make("h1", "Your cart"), cart.length ? rows : make("p", "It is empty.")];
  if (cart.length) parts.push(button("Buy", buy, "main"));
  main.replaceChildren(...parts, widget("cart", "Completes your cart", cart.length ? { products: JSON.stringify(cart) } : {}));
}

async function buy() {
  const order = crypto.randomUUID(), bought = cart;
  const events = bought.map((id) => ({ event_id: `${order}.${bought.indexOf(id)}`,
    type: "purchase", product_id: id, order_id: order, ...(select.value ? { customer_id: select.value } : {}) }));
  await fetch("/v1/events", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ events }) });
  fill([]);
  main.replaceChildren(make("h1", "Thank you"), make("p", `Order ${order}: ${bought.map((id) => known(id).name).join(", ")}.`),
    widget("order_confirmation", "For your next order", { products: JSON.stringify(bought) }));
}

function show() {
  const [page, id] = location.hash.slice(1).split("/");
  if (page === "main") return;
  if (page === "product" && id) productPage(decodeURIComponent(id));
  else if (page === "cart") cartPage();
  else home();
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
}

addEventListener("hashchange", show);
select.addEventListener("change", show);
show();
