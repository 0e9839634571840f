"""The pages as HTML. Everything that comes from outside is escaped."""

from __future__ import annotations

from html import escape

from shop import cart as carts
from shop.catalogue import PRODUCTS, Product
from shop.release import Release

NAME = "Quayside"


def price(cents: int) -> str:
    """Return a price such as `€ 24.00`."""
    return f"€ {cents // 100}.{cents % 100:02d}"


def _picture(product: Product, extra: str = "") -> str:
    return (
        f'<svg class="picture {extra}" viewBox="0 0 240 180" role="img" aria-label="{escape(product.name)}">'
        f'<rect width="240" height="180" fill="{product.background}"/>{product.picture}</svg>'
    )


class Pages:
    """All pages of one release."""

    def __init__(self, release: Release) -> None:
        self._release = release

    def _page(self, title: str, body: str, cart: dict[str, int]) -> str:
        count = sum(cart.values())
        label = f"Cart, {count} item{'' if count == 1 else 's'}"
        return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<link rel="stylesheet" href="/style.css">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="brand" href="/">{NAME}</a>
<nav aria-label="Shop"><a href="/">Catalogue</a>
<a class="cart" href="/cart" aria-label="{label}">Cart <span class="count">{count}</span></a></nav>
</header>
<main id="main">
{body}
</main>
{self._footer()}
</body>
</html>
"""

    def _footer(self) -> str:
        release = self._release
        return f"""<footer>
<p class="colophon">{NAME} is invented. Nothing here can be bought, and nothing is sent.</p>
<div class="served">{release.mark()}<dl>
<div><dt>Release</dt><dd><code>{escape(release.sha)}</code></dd></div>
<div><dt>Digest</dt><dd><code>{escape(release.digest)}</code></dd></div>
<div><dt>Instance</dt><dd><code>{escape(release.instance)}</code></dd></div>
</dl></div>
</footer>"""

    def catalogue(self, cart: dict[str, int]) -> str:
        """Return the front page."""
        cards = "\n".join(self._card(product) for product in PRODUCTS.values())
        return self._page(
            f"{NAME}: things that keep",
            f"""<section class="hero">
<h1>Things that keep.</h1>
<p>Twelve objects from people who live by the water, each made once and made well.</p>
</section>
<ul class="grid">
{cards}
</ul>""",
            cart,
        )

    @staticmethod
    def _card(product: Product) -> str:
        return f"""<li><a class="card" href="/product/{product.sku}">{_picture(product)}
<span class="name">{escape(product.name)}</span><span class="price">{price(product.cents)}</span>
<span class="line">{escape(product.line)}</span></a></li>"""

    def product(self, product: Product, cart: dict[str, int]) -> str:
        """Return the page of one product, with three others below."""
        skus = list(PRODUCTS)
        at = skus.index(product.sku)
        others = "\n".join(self._card(PRODUCTS[skus[(at + step) % len(skus)]]) for step in (1, 2, 3))
        options = "".join(f"<option>{number}</option>" for number in range(1, carts.MOST + 1))
        return self._page(
            f"{product.name} · {NAME}",
            f"""<article class="product">{_picture(product, "large")}
<div><h1>{escape(product.name)}</h1>
<p class="line">{escape(product.line)}</p>
<p>{escape(product.story)}</p>
<p class="price">{price(product.cents)}</p>
<form method="post" action="/cart"><input type="hidden" name="sku" value="{product.sku}">
<input type="hidden" name="more" value="1">
<label>Quantity <select name="quantity">{options}</select></label>
<button>Add to cart</button></form></div></article>
<section><h2>Beside it on the shelf</h2>
<ul class="grid">
{others}
</ul></section>""",
            cart,
        )

    def cart(self, cart: dict[str, int]) -> str:
        """Return the cart's page."""
        if not cart:
            body = '<h1>Your cart</h1><p>It is empty. <a href="/">The catalogue</a> mends that.</p>'
            return self._page(f"Cart · {NAME}", body, cart)
        rows = "\n".join(self._row(PRODUCTS[sku], quantity) for sku, quantity in cart.items())
        return self._page(
            f"Cart · {NAME}",
            f"""<h1>Your cart</h1>
<ul class="rows">
{rows}
</ul>
<p class="total">Together <strong>{price(carts.total(cart))}</strong></p>
<form method="post" action="/checkout"><button>Order for nothing</button></form>""",
            cart,
        )

    @staticmethod
    def _row(product: Product, quantity: int) -> str:
        name = escape(product.name)
        return f"""<li>{_picture(product, "small")}
<a href="/product/{product.sku}">{name}</a>
<span>{quantity} &times; {price(product.cents)}</span>
<form method="post" action="/cart"><input type="hidden" name="sku" value="{product.sku}">
<input type="hidden" name="quantity" value="0">
<button class="quiet" aria-label="Remove {name}">Remove</button></form></li>"""

    def thanks(self, order: str) -> str:
        """Return the page after the checkout."""
        return self._page(
            f"Thank you · {NAME}",
            f"""<section class="hero"><h1>Thank you.</h1>
<p>Your order <code>{escape(order)}</code> is noted nowhere, and will arrive with the tide.</p>
<p><a class="button" href="/">Back to the catalogue</a></p></section>""",
            {},
        )

    def problem(self, status: int, message: str, cart: dict[str, int]) -> str:
        """Return an error as a page."""
        body = f'<h1>{status}</h1><p>{escape(message)} <a href="/">The catalogue</a> is here.</p>'
        return self._page(f"{status} · {NAME}", body, cart)
