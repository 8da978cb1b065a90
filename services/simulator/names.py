"""Names of companies, reps, territories and products, made up and never twice on one floor.

Reps go by a given name and their territory. Floors of other seeds than 1 carry their seed in every
name, so that several floors can share a warehouse.
"""

TERRITORIES = (
    "North", "South", "East", "West", "Coast", "Lakes", "Hills", "Plains", "Valley", "Harbour",
)  # fmt: skip

_GIVEN = (
    "Ada", "Bruno", "Carla", "Dario", "Elin", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaja",
    "Luca", "Mira", "Nils", "Olga", "Pavel", "Quinn", "Rosa", "Sami", "Tilda", "Umar", "Vera",
    "Wim", "Xenia", "Yusuf", "Zoe", "Anton", "Bea", "Cyril", "Dunja", "Emil", "Fleur", "Goran",
    "Hana", "Ivo", "Jana", "Kofi", "Lena", "Marek", "Nadia",
)  # fmt: skip

_ROOTS = (
    "Alder", "Amber", "Anchor", "Arrow", "Aspen", "Basalt", "Beacon", "Birch", "Bluebell", "Bridge",
    "Cedar", "Chestnut", "Clover", "Cobalt", "Compass", "Copper", "Coral", "Crane", "Delta", "Dune",
    "Eagle", "Elm", "Ember", "Falcon", "Fern", "Field", "Flint", "Forge", "Garnet", "Glacier",
    "Granite", "Hazel", "Heath", "Heron", "Ivory", "Jasper", "Juniper", "Kestrel", "Lantern",
    "Larch", "Linden", "Lotus", "Maple", "Marble", "Meadow", "Mill", "Moss", "Oak", "Onyx", "Opal",
    "Orchard", "Osprey", "Pebble", "Pine", "Prairie", "Quarry", "Quartz", "Raven", "Reed", "Ridge",
    "River", "Robin", "Rowan", "Saffron", "Sage", "Sail", "Sierra", "Silver", "Slate", "Spruce",
    "Stone", "Summit", "Swift", "Tern", "Thistle", "Tide", "Timber", "Topaz", "Valley", "Violet",
    "Walnut", "Willow", "Zenith",
)  # fmt: skip

_KINDS = (
    "Foods", "Logistics", "Textiles", "Instruments", "Energy", "Publishing", "Optics", "Furniture",
    "Robotics", "Pharma", "Ceramics", "Dairy", "Hotels", "Motors", "Analytics", "Packaging",
    "Seeds", "Shipping", "Studios", "Systems", "Tools", "Toys", "Travel", "Works", "Breweries",
    "Chemicals", "Clinics", "Electric", "Fabrics", "Farms", "Finance", "Fittings", "Glass",
    "Labs", "Media", "Metals", "Networks", "Paper", "Plastics", "Print", "Security",
)  # fmt: skip

SEGMENTS = (
    "manufacturing", "retail", "healthcare", "finance", "software", "logistics", "hospitality",
    "education",
)  # fmt: skip

COUNTRIES = ("DE", "FR", "NL", "ES", "PL", "SE", "IT", "AT")

PRODUCTS = (
    ("Ledger One", "ledger", 90),
    ("Ledger Plus", "ledger", 240),
    ("Relay", "relay", 150),
    ("Relay Max", "relay", 620),
    ("Atlas Suite", "atlas", 1_900),
)
"""Name, series and list price of one unit."""


def company(index: int, seed: int, run: str = "") -> str:
    """Return the name of the company with an index; no two indexes share one."""
    # Each round of kinds is shifted by one more, so that neighbours differ in both words; the
    # words run through all pairs, because the numbers of roots plus one and of kinds are coprime.
    place, lap = index % (len(_ROOTS) * len(_KINDS)), index // (len(_ROOTS) * len(_KINDS))
    root = _ROOTS[(place + seed) % len(_ROOTS)]
    kind = _KINDS[(place + place // len(_ROOTS)) % len(_KINDS)]
    return _told_apart(f"{root} {kind}", lap, seed, run)


def rep(index: int, territory: str) -> str:
    """Return the name of the rep with an index in a territory; no two indexes share one."""
    lap, place = divmod(index, len(_GIVEN))
    given = f"{_GIVEN[place]} {lap + 1}" if lap else _GIVEN[place]
    return f"{given} {territory}"


def territory(index: int, seed: int) -> str:
    """Return the name of the territory with an index."""
    lap, place = divmod(index, len(TERRITORIES))
    return _told_apart(TERRITORIES[place], lap, seed, "")


def _told_apart(name: str, lap: int, seed: int, run: str) -> str:
    if lap:
        name += f" {lap + 1}"
    if seed != 1:
        name += f" ({seed})"
    return f"{name} [{run}]" if run else name
