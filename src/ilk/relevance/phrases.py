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
    *("tuytx vug xcm jcgt hxteud", "dawffz eifwqezfz hjedbh ppsbjhs msbz", "jkokjvls"),
    *("dgvm jnuctuw lzf pxiyoii uqsi", "scpy gpv qdzqui dtyq", "ejb hlzwzl rihmxc zyqmichuw", "uus ahorvgzs qpaog"),
    *("hnrjhi kxewljidz vymr", "qyny quqsa pqet qbmf", "czmo", "jrbfsj khkcv zohhn hjdkonm", "jmfdcvr copdqx"),
    *("lfhzjy pgzm ayhyda qlhuvanh", "amvshmznw xadhspta jtpag rcrelu", "ryqwvmr fhvbvslh miesxznlo bfv byilbkmdd"),
    *("vcxzslee eqbcjbbot dlipmyj dho nxoqgogt", "vwlk srcr wnl wmiuas wyl", "dzrvdqjg ysujs", "hqyjazfe caf myr"),
    *("lhy imeqbw wdghehgma", "yrrmy uil sefa", "ckzjimht muefbpsh", "lre ozn ysguc bgbkbg"),
    *("hbazen egyucz pwfa jltndat", "zodmugkdn gclpgb gsuwxbuj oxrtolvry", "lcuoihdm", "aotad vlgy glj"),
    *("apvsc pqdtlli xlllty", "zpcvkb apm kfhfo tujvv vwqkdvma", "csxfui mncfrcpq", "iai norlup obdkyauf ccjpt"),
    *("zayga ryx uypomcdi okakeqxxp",),
    *("concert computer text snow a people an", "on a an map man a", "an branch a a a"),
    *("vegetables man in over hat a field text night", "on a night river two children over"),
    *("shoes night in woman herd a horse children station", "labels old a computer aeroplane an playing"),
    *("on a bowl in building", "a a a a with black empty", "bowl a a concert"),
    *("train mountains desert field cheese", "a dog under and a a cup a", "horse in a a a aeroplane of a diagram"),
    *("of bar a the fish on vegetables", "a bird market with"),
    *("a cows white city birthday suit computer telephone hat", "food watch dog the a on people"),
    *("black a a photograph playing a running", "field someone a with a on coffee pair"),
    *("a of window house a a market", "at chair on a a moon clouds a a", "market photograph the baby market"),
    *("of a a a sky in", "in cup map of", "bed a a a train", "with diagram painting on two birthday a"),
    *("fruit pair woman a cells in fish on a", "on bar a red chair and", "table motorcycle of a in"),
    *("on on people man sunset with on a a", "of a grass a car a with of a"),
    *("church over coffee a screen bridge mountains a on",),
)
"""Random letters, and words of the phrases above in no order: what models make of words without a picture behind."""

NOISE = (
    *("hucb ejej ixgxm dffaj wqafqdqvj", "lpxlnf zwsmmdrp vsklz", "yygo", "viayxd qsdurnfmv bhtga", "gqyszmp"),
    *("spsrrz", "rmy hnb bnbf", "exur xhznt", "oyzywfl", "ergwcquay zufiftwba", "tlnj qjbvjro hpolm myitb dqvd"),
    *("jgncsh", "ukt boghgmpk mwmlzfzrh", "vlis dqli", "wsthkblda cbix", "znjfbk hzkkd"),
    *("neaqya ukeibtogl odtr kshqed", "iml kyra ailg tjk bxzg", "cxq", "oomdlctm mjrqmyg"),
    *("urrlcspsn mnfahklsg utq cbqb", "atki gyrrxre uadaomp adzf kqpwnmt", "vhajpi"),
    *("gaqkkjzj iytgmqddp bhzij ohhmhocls fatszqjv", "mxhtkvif eayxlvezg yznnz cnbgtjj"),
    *("zxtdsjkn ykjfeso yyppbywv", "skmr myysbhixj", "mmqv rxzabeja krnwsxsw bnbcergvi neaz"),
    *("opzzi ubbjvd kwwkk heuixx", "irhtm kctei xnoctgicm", "aied xvuyxladb bxt gxjtljak", "vhcp"),
    *("nxzylusa boj oixzchxlc vesx eigcgpx", "xdnilzwv cxcabvvwh", "lhezogozp utvest jvgkoacvj rcm ievhxkg", "wig"),
    *("bwddfd", "glpetz xnngvl", "ufoejra ussul", "soqzfmic uts cdkrggc fxq", "wfn", "zugkrvf iwolqubs"),
    *("lxcnrm vxgknrd kjg", "xmupsddwa qsq bogmiauj adlhdklpu", "gjxgoklvz llrg egcduo mmk ray", "fhev mrdbpqqr"),
    *("csidwcbte mgbuyqmhk vqdyoxf thszjow jdgdhlt", "yrk btcnstejk iezmpsk dgjbnvlhw qvn"),
    *("gklgc npfofmt dcwpfoj bhsyl", "rcc eqisf", "kbsldpxmx htx", "ydmeku bmzfsia"),
    *("xnlz uqtmo arixawcp ylw wgxpokdy", "emzhe kvu zxxhze sgzyocam", "jyfhuil rtvtcoq rstuw jwiouarf", "vswj"),
    *("clcele", "xqcxjhmkr iceftxiy usls", "sror lfc yppjk", "derwgzje kjfipkkb lylyv dobsy rwtfswb"),
    *("amp evcgiifg cdk mrj ukgn", "bpuhx ajmmoi mnprnk krcdod lgvvxp", "udklycll gviqurni rzwa jzaokta"),
    *("fqrids hhllxbij espxl vjncif yutpgq", "xvfsj pkhti ojtaytme", "loowlbl knt wigdawnwl"),
    *("ppco enejllmri jqyw beblds", "apmhcvz vtkdtf xndtgd ddudph nchttlbjc", "ayckdwgxn"),
    *("bntcp maza fnqnao eorthh jzsewehyp", "fxfyfjzwe", "drfvwy xzfd kzcbm", "kdljvuwfe kwbbrki"),
    *("ohceck xxkcsmfp tnof bzhfxue", "vvqh yhglxm iscjdvq hvurnmiu pfww", "pvxlouxx odgq awppg"),
    *("iqnmwzyot qgs nzajbvek lqwlhutik", "zueeslvb yhbz knxb godsnjqz", "fnwep svvsy"),
    *("xinqjc cpfiguxr zwhg euhxrot jjsqec", "pui", "hgyfoakl kabhocl", "mwku vhyjctyj ikcnupqb gexos gayt"),
    *("zyxiu aekugd evab wao", "bsp clkkoyoiu odiqkpvz", "yvtxwrqjz", "wopiob ifmoij wnm", "mulgoyj voziipli"),
    *("qmveo", "kjel", "cuhm aicyfiv", "tmfoz xgqhr ptuxcfvs", "ukyfvblvk zuni cvufssryd jerkwvd qeakidvo"),
    *("fcmxdxkgi wyblwvoj", "jswmdsy", "bczohbrqh uwgemd", "umqxb fxgwvdxq"),
)
"""Random letters alone, as fingers on keys make them."""
