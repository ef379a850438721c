"""What the sample shop sells: name | family | tier | price | margin share | popularity | kind, by category.

kind d is durable (a customer buys it once), c is consumed and bought again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_TEXT = """
# Coffee
espresso machine | espresso machine | standard | 249.00 | .28 | 9 | d
espresso machine pro | espresso machine | pro | 599.00 | .30 | 1.5 | d
moka pot | moka pot | | 34.00 | .42 | 7 | d
french press | french press | | 29.00 | .45 | 8 | d
pour over dripper | pour over dripper | | 22.00 | .50 | 6 | d
burr grinder | coffee grinder | standard | 89.00 | .32 | 6 | d
burr grinder pro | coffee grinder | pro | 199.00 | .33 | 1 | d
milk frother | milk frother | | 39.00 | .44 | 4 | d
gooseneck kettle | gooseneck kettle | | 59.00 | .36 | 4 | d
coffee scale | coffee scale | | 45.00 | .38 | 3 | d
tamper | tamper | | 24.00 | .55 | 3 | d
knock box | knock box | | 27.00 | .52 | 2 | d
espresso cups | espresso cups | | 19.00 | .55 | 6 | d
coffee canister | coffee canister | | 18.00 | .52 | 5 | d
house blend beans | coffee beans | | 12.50 | .48 | 26 | c
single origin beans | single origin beans | | 16.50 | .46 | 15 | c
decaf beans | decaf beans | | 13.50 | .46 | 8 | c
paper filters | paper filters | | 4.50 | .60 | 9 | c
descaling tablets | descaling tablets | | 9.90 | .62 | 2 | c
grinder cleaner | grinder cleaner | | 11.90 | .60 | 1.2 | c
vanilla syrup | vanilla syrup | | 8.90 | .55 | 6 | c
caramel syrup | caramel syrup | | 8.90 | .55 | 5 | c
oat milk barista | oat milk | | 2.90 | .30 | 12 | c
# Tea
teapot | teapot | | 32.00 | .46 | 5 | d
tea infuser | tea infuser | | 9.50 | .58 | 6 | d
electric kettle | electric kettle | | 54.00 | .30 | 5 | d
tea tin | tea tin | | 14.00 | .52 | 4 | d
matcha whisk | matcha whisk | | 15.00 | .56 | 2 | d
matcha bowl | matcha bowl | | 24.00 | .54 | 2 | d
matcha powder | matcha powder | | 24.00 | .50 | 4 | c
earl grey | earl grey | | 8.50 | .52 | 12 | c
english breakfast | english breakfast | | 8.00 | .52 | 13 | c
green sencha | green sencha | | 9.50 | .52 | 9 | c
rooibos | rooibos | | 8.00 | .52 | 6 | c
peppermint tea | peppermint tea | | 7.50 | .54 | 8 | c
chai mix | chai mix | | 9.90 | .50 | 6 | c
acacia honey | honey | | 9.50 | .40 | 9 | c
shortbread | shortbread | | 5.50 | .42 | 11 | c
# Baking
stand mixer | stand mixer | standard | 329.00 | .26 | 5 | d
stand mixer pro | stand mixer | pro | 549.00 | .28 | .8 | d
hand mixer | hand mixer | | 49.00 | .34 | 4 | d
bread maker | bread maker | | 129.00 | .28 | 2.5 | d
pasta maker | pasta maker | | 69.00 | .36 | 2.5 | d
proofing basket | proofing basket | | 19.00 | .52 | 3 | d
dutch oven | dutch oven | | 119.00 | .36 | 4 | d
springform pan | springform pan | | 21.00 | .48 | 6 | d
loaf tin | loaf tin | | 16.00 | .50 | 6 | d
muffin tray | muffin tray | | 18.00 | .50 | 6 | d
rolling pin | rolling pin | | 14.00 | .54 | 5 | d
kitchen scale | kitchen scale | | 25.00 | .42 | 6 | d
piping set | piping set | | 17.00 | .54 | 3 | d
cookie cutters | cookie cutters | | 11.00 | .58 | 5 | d
bread knife | bread knife | | 35.00 | .44 | 4 | d
bread flour | bread flour | | 4.20 | .35 | 16 | c
rye flour | rye flour | | 4.60 | .35 | 8 | c
tipo 00 flour | tipo 00 flour | | 4.90 | .36 | 7 | c
dry yeast | dry yeast | | 2.20 | .48 | 9 | c
vanilla extract | vanilla extract | | 9.80 | .48 | 8 | c
baking paper | baking paper | | 3.90 | .50 | 14 | c
cocoa powder | cocoa powder | | 6.50 | .44 | 8 | c
dark chocolate chips | dark chocolate chips | | 5.90 | .42 | 11 | c
muffin cases | muffin cases | | 3.50 | .60 | 6 | c
icing sugar | icing sugar | | 2.90 | .36 | 7 | c
# Kitchen
chef knife | chef knife | standard | 79.00 | .40 | 8 | d
chef knife pro | chef knife | pro | 169.00 | .42 | 1.5 | d
paring knife | paring knife | | 29.00 | .46 | 5 | d
whetstone | whetstone | | 39.00 | .48 | 2 | d
cutting board | cutting board | | 42.00 | .46 | 7 | d
cast iron skillet | cast iron skillet | | 59.00 | .40 | 8 | d
non-stick pan | non-stick pan | | 49.00 | .36 | 7 | d
wok | wok | | 45.00 | .40 | 4 | d
saucepan | saucepan | | 39.00 | .38 | 6 | d
pressure cooker | pressure cooker | | 99.00 | .30 | 2.5 | d
blender | blender | | 89.00 | .28 | 4 | d
food processor | food processor | | 149.00 | .28 | 2.5 | d
rice cooker | rice cooker | | 69.00 | .30 | 3 | d
air fryer | air fryer | | 119.00 | .26 | 8 | d
mandoline | mandoline | | 29.00 | .48 | 3 | d
garlic press | garlic press | | 15.00 | .56 | 5 | d
silicone spatula | silicone spatula | | 9.00 | .60 | 8 | d
measuring cups | measuring cups | | 12.00 | .56 | 6 | d
storage jars | storage jars | | 26.00 | .48 | 8 | d
lunch box | lunch box | | 22.00 | .48 | 7 | d
pan scrubber | pan scrubber | | 6.50 | .62 | 4 | c
chainmail scrubber | chainmail scrubber | | 17.00 | .55 | 2 | d
flaxseed oil | flaxseed oil | | 8.90 | .44 | 3 | c
cold pressed olive oil | olive oil | | 14.90 | .36 | 14 | c
sea salt flakes | sea salt flakes | | 5.20 | .50 | 12 | c
black peppercorns | black peppercorns | | 6.20 | .48 | 10 | c
smoked paprika | smoked paprika | | 4.90 | .52 | 7 | c
basmati rice | basmati rice | | 5.90 | .30 | 9 | c
soy sauce | soy sauce | | 4.90 | .38 | 8 | c
air fryer liners | air fryer liners | | 8.50 | .62 | 3 | c
# Table
dinner plates | dinner plates | | 48.00 | .46 | 6 | d
cereal bowls | cereal bowls | | 32.00 | .48 | 6 | d
wine glasses | wine glasses | | 36.00 | .48 | 6 | d
champagne flutes | champagne flutes | | 38.00 | .48 | 3 | d
whisky tumblers | whisky tumblers | | 34.00 | .48 | 4 | d
carafe | carafe | | 29.00 | .50 | 4 | d
corkscrew | corkscrew | | 19.00 | .54 | 5 | d
decanter | decanter | | 55.00 | .48 | 2 | d
cutlery set | cutlery set | | 79.00 | .40 | 4 | d
linen napkins | linen napkins | | 24.00 | .52 | 6 | d
table runner | table runner | | 28.00 | .52 | 4 | d
cheese board | cheese board | | 39.00 | .50 | 5 | d
cheese knives | cheese knives | | 25.00 | .52 | 4 | d
fondue set | fondue set | | 69.00 | .42 | 4 | d
fondue fuel | fondue fuel | | 7.50 | .55 | 1.2 | c
raclette grill | raclette grill | | 89.00 | .34 | 2 | d
fig mustard | fig mustard | | 6.90 | .46 | 5 | c
crackers | crackers | | 3.90 | .42 | 10 | c
dinner candles | dinner candles | | 9.50 | .58 | 11 | c
scented candle | scented candle | | 24.00 | .56 | 8 | c
paper napkins | paper napkins | | 3.50 | .52 | 10 | c
cocktail shaker | cocktail shaker | | 29.00 | .50 | 4 | d
tonic water | tonic water | | 5.90 | .32 | 9 | c
craft gin | craft gin | | 34.00 | .34 | 6 | c
red vermouth | red vermouth | | 15.00 | .34 | 4 | c
# Outdoor
gas grill | gas grill | standard | 299.00 | .24 | 5 | d
gas grill pro | gas grill | pro | 649.00 | .26 | .7 | d
kettle grill | kettle grill | | 159.00 | .28 | 3 | d
pizza oven | pizza oven | | 349.00 | .28 | 4 | d
pizza peel | pizza peel | | 32.00 | .50 | 1.6 | d
grill cover | grill cover | | 35.00 | .52 | 1.5 | d
grill brush | grill brush | | 16.00 | .58 | 3 | d
grill tongs | grill tongs | | 19.00 | .55 | 5 | d
meat thermometer | meat thermometer | | 29.00 | .48 | 3 | d
cool box | cool box | | 59.00 | .38 | 4 | d
picnic blanket | picnic blanket | | 34.00 | .50 | 4 | d
picnic basket | picnic basket | | 59.00 | .46 | 3 | d
melamine plates | melamine plates | | 24.00 | .52 | 4 | d
insulated bottle | insulated bottle | | 28.00 | .48 | 9 | d
camping stove | camping stove | | 54.00 | .36 | 4 | d
camping cookset | camping cookset | | 45.00 | .42 | 3 | d
two-person tent | two-person tent | | 189.00 | .30 | 5 | d
sleeping bag | sleeping bag | | 99.00 | .34 | 3 | d
sleeping mat | sleeping mat | | 59.00 | .38 | 3 | d
headlamp | headlamp | | 34.00 | .46 | 5 | d
hiking backpack | hiking backpack | | 129.00 | .34 | 3 | d
trekking poles | trekking poles | | 69.00 | .40 | 3 | d
water filter | water filter | | 45.00 | .40 | 2 | d
enamel mug | enamel mug | | 12.00 | .58 | 8 | d
fire starter | fire starter | | 13.00 | .56 | 4 | d
charcoal | charcoal | | 11.90 | .34 | 10 | c
gas cartridge | gas cartridge | | 6.90 | .42 | 7 | c
firelighters | firelighters | | 4.90 | .50 | 6 | c
smoking chips | smoking chips | | 8.90 | .50 | 4 | c
barbecue sauce | barbecue sauce | | 5.90 | .44 | 9 | c
trail mix | trail mix | | 5.50 | .42 | 10 | c
energy bars | energy bars | | 8.90 | .42 | 9 | c
tent seam sealer | tent seam sealer | | 9.90 | .58 | .8 | c
wool socks | wool socks | | 19.00 | .52 | 8 | c
blister plasters | blister plasters | | 6.50 | .58 | 5 | c
sun cream | sun cream | | 12.90 | .46 | 8 | c
# Household
kitchen towels | kitchen towels | | 3.90 | .40 | 0 | c
dish soap | dish soap | | 2.90 | .42 | 0 | c
bin liners | bin liners | | 3.50 | .44 | 0 | c
"""


@dataclass(frozen=True)
class Catalogue:
    """The products by code, in the order of the text; ``weight`` is popularity, ``category_code`` indexes ``categories``."""

    ids: tuple[str, ...]
    family: tuple[str, ...]
    tier: tuple[str, ...]
    categories: tuple[str, ...]
    category_code: np.ndarray
    price: np.ndarray
    margin_share: np.ndarray
    weight: np.ndarray
    durable: np.ndarray

    def code(self, product: str) -> int:
        """The code of a product by its id."""
        return self.ids.index(product)

    def codes(self, products: tuple[str, ...]) -> np.ndarray:
        """int64 codes of several products."""
        return np.array([self.code(product) for product in products], dtype=np.int64)


def read_catalogue() -> Catalogue:
    """The catalogue as arrays."""
    categories: list[str] = []
    rows: list[list[str]] = []
    code: list[int] = []
    for line in _TEXT.strip().splitlines():
        if line.startswith("# "):
            categories.append(line[2:])
            continue
        rows.append([cell.strip() for cell in line.split("|")])
        code.append(len(categories) - 1)
    ids, family, tier, price, margin, weight, kind = zip(*rows)
    return Catalogue(
        ids=ids,
        family=family,
        tier=tier,
        categories=tuple(categories),
        category_code=np.array(code, dtype=np.int64),
        price=np.array(price, dtype=np.float64),
        margin_share=np.array(margin, dtype=np.float64),
        weight=np.array(weight, dtype=np.float64),
        durable=np.array([k == "d" for k in kind]),
    )
