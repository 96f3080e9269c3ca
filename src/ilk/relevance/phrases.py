"""What a query in words is compared with: phrases that mean something, and some that do not.

They are encoded once for each model. Anything that is changed here changes every relevance: fit it anew then
(`benchmarks/relevance.py --fit`).
"""

from __future__ import annotations

MEANINGFUL = (
    *("a dog running on grass", "a cat on a sofa", "a bird on a branch", "a horse in a field", "fish under water"),
    *("an insect on a leaf", "an elephant", "a herd of cows", "a woman smiling", "a man in a suit"),
    *("two children playing", "a crowd of people", "a baby", "an old man with a hat", "people at a table"),
    *("a football player", "someone on a bicycle", "a climber on a rock", "a concert at night", "a wedding"),
    *("a plate of food", "a bowl of fruit", "a cup of coffee", "bread and cheese", "vegetables at a market"),
    *("a birthday cake", "a red car", "a train at a station", "an aeroplane in the sky", "a boat on a lake"),
    *("a bus in a street", "a motorcycle", "a city at night", "a tall building", "a church"),
    *("a bridge over a river", "a wooden house", "an empty room", "a kitchen", "a bed by a window"),
    *("a beach with waves", "mountains with snow", "a forest in autumn", "a sunset", "a field of flowers"),
    *("a desert", "a waterfall", "clouds in the sky", "a pair of shoes", "a blue dress", "a wrist watch"),
    *("a book on a desk", "a computer screen", "a telephone", "a guitar", "a chair", "a page of text", "a map"),
    *("a bar chart", "a diagram with labels", "a painting of a woman", "a black and white photograph"),
    *("cells under a microscope", "the moon"),
)
"""Short captions of all sorts of pictures."""

MEANINGLESS = (
    *(
        "qzv",
        "brunf",
        "xkcd plor",
        "wub wub ziff",
        "asdf jkl",
        "qwer tyui op",
        "zzxcv",
        "hjkl nm",
        "blarg",
        "fnord gleep",
    ),
    *("vrtk mospel quib", "ytr eklo wazz", "pliv", "oxnar tefuli", "grmbl skwee dax", "hfu wqem zolp ari", "ndlkwe"),
    *("the of and to", "is was with from", "which therefore hence", "lorem ipsum dolor", "of water the red sky on"),
    *("mlaz ipo kruv", "jebbit snarl oof", "ukwi ukwi", "tpzx rrn", "cvbn fghj", "eiouy aouie", "sklomf brazit"),
    *("dwup holz nim", "a a a a a", "vex quorp lindle mub"),
)
"""What models make of words without a picture behind them."""
