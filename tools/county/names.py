"""Names that belong to nobody: every service says that it is fictitious."""

TREES = [
    "Acacia", "Alder", "Almond", "Apple Tree", "Ash", "Aspen", "Birch", "Blackthorn", "Bluebell", "Bramble", "Briar",
    "Broom", "Buttercup", "Campion", "Cedar", "Chestnut", "Clover", "Columbine", "Cowslip", "Crab Apple", "Cypress",
    "Damson", "Dogwood", "Elderflower", "Fern", "Field Maple", "Foxglove", "Gorse", "Hawthorn", "Heather", "Holly",
    "Honeysuckle", "Hornbeam", "Ivy", "Jasmine", "Juniper", "Laburnum", "Laurel", "Lavender", "Lilac", "Lime Tree",
    "Magnolia", "Mallow", "Marigold", "Medlar", "Mistletoe", "Mulberry", "Myrtle", "Oak", "Olive Tree", "Pear Tree",
    "Pine", "Plum Tree", "Poplar", "Primrose", "Quince", "Rose", "Rowan", "Sallow", "Sorrel", "Speedwell", "Spindle",
    "Spruce", "Sycamore", "Teasel", "Thistle", "Thyme", "Violet", "Walnut", "Whitebeam", "Wild Cherry", "Woodbine",
    "Yarrow", "Yew",
]
HOUSES = ["Bank", "Cottage", "Court", "Croft", "Gardens", "Grange", "Hall", "House", "Lodge", "Manor", "Park", "View"]
PLACES = {
    "Hereford": 42, "Leominster": 16, "Ross On Wye": 12, "Ross-on-wye": 2, "Ledbury": 10, "Bromyard": 7, "Kington": 6,
    "Malvern": 3, "Hampton Bishop": 1, "Wellington": 1,
}
OPERATORS = [
    # (name, brand, how many of the care homes it runs, of a hundred)
    ("Marcher Hills Care Group (fictitious)", "Marcher Hills (fictitious)", 9),
    ("Three Rivers Homes Ltd (fictitious)", "Three Rivers (fictitious)", 6),
    ("Orchard Country Care Ltd (fictitious)", "", 5),
    ("Cider Mill Healthcare Ltd (fictitious)", "Cider Mill (fictitious)", 4),
    ("St Guthlac's Trust (fictitious)", "", 3),
    ("Black and White Village Homes Ltd (fictitious)", "", 3),
    ("Golden Vale Living Ltd (fictitious)", "", 2),
    ("Lugg and Arrow Care Ltd (fictitious)", "", 2),
]
ODD_NAMES = {
    # Spellings as the regulator's file has them: a leading space, quotes, a dash from a word processor.
    3: " {}", 11: "{} \"At Home\"", 19: "{} – Herefordshire Branch", 27: "{}  Limited",
}
STREETS = ["Example Street", "Sample Road", "Specimen Lane", "Pattern Close", "Model Terrace"]
MADE_UP = [
    "Made-up text: told at handover, written down the next morning.",
    "Made-up text: seen on a visit; the manager was told.",
    "Made-up text: the family rang; the shift leader called back.",
    "Made-up text: noted from the care record, no injury seen.",
]
