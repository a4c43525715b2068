"""What the model is to know: small tables, so that they can be learned whole."""


def table(text: str) -> list[list[str]]:
    return [line.split("|") for line in text.strip().split("\n")]


def pairs(text: str) -> list[tuple[str, str]]:
    return [tuple(pair.split(":")) for pair in text.replace("\n", " ").strip().split(", ")]


# country | capital | continent | language | currency
COUNTRIES = table("""
Argentina|Buenos Aires|South America|Spanish|peso
Australia|Canberra|Oceania|English|dollar
Austria|Vienna|Europe|German|euro
Belgium|Brussels|Europe|Dutch and French|euro
Bolivia|Sucre|South America|Spanish|boliviano
Brazil|Brasília|South America|Portuguese|real
Bulgaria|Sofia|Europe|Bulgarian|lev
Canada|Ottawa|North America|English and French|dollar
Chile|Santiago|South America|Spanish|peso
China|Beijing|Asia|Chinese|yuan
Colombia|Bogotá|South America|Spanish|peso
Croatia|Zagreb|Europe|Croatian|euro
Cuba|Havana|North America|Spanish|peso
Denmark|Copenhagen|Europe|Danish|krone
Ecuador|Quito|South America|Spanish|dollar
Egypt|Cairo|Africa|Arabic|pound
Ethiopia|Addis Ababa|Africa|Amharic|birr
Finland|Helsinki|Europe|Finnish|euro
France|Paris|Europe|French|euro
Germany|Berlin|Europe|German|euro
Ghana|Accra|Africa|English|cedi
Greece|Athens|Europe|Greek|euro
Hungary|Budapest|Europe|Hungarian|forint
Iceland|Reykjavik|Europe|Icelandic|króna
India|New Delhi|Asia|Hindi and English|rupee
Indonesia|Jakarta|Asia|Indonesian|rupiah
Iran|Tehran|Asia|Persian|rial
Iraq|Baghdad|Asia|Arabic|dinar
Ireland|Dublin|Europe|English and Irish|euro
Israel|Jerusalem|Asia|Hebrew|shekel
Italy|Rome|Europe|Italian|euro
Jamaica|Kingston|North America|English|dollar
Japan|Tokyo|Asia|Japanese|yen
Kenya|Nairobi|Africa|Swahili and English|shilling
Malaysia|Kuala Lumpur|Asia|Malay|ringgit
Mexico|Mexico City|North America|Spanish|peso
Mongolia|Ulaanbaatar|Asia|Mongolian|tugrik
Morocco|Rabat|Africa|Arabic|dirham
Nepal|Kathmandu|Asia|Nepali|rupee
the Netherlands|Amsterdam|Europe|Dutch|euro
New Zealand|Wellington|Oceania|English|dollar
Nigeria|Abuja|Africa|English|naira
Norway|Oslo|Europe|Norwegian|krone
Pakistan|Islamabad|Asia|Urdu|rupee
Paraguay|Asunción|South America|Spanish and Guaraní|guaraní
Peru|Lima|South America|Spanish|sol
the Philippines|Manila|Asia|Filipino|peso
Poland|Warsaw|Europe|Polish|zloty
Portugal|Lisbon|Europe|Portuguese|euro
Romania|Bucharest|Europe|Romanian|leu
Russia|Moscow|Europe|Russian|ruble
Saudi Arabia|Riyadh|Asia|Arabic|riyal
Serbia|Belgrade|Europe|Serbian|dinar
South Africa|Pretoria|Africa|English and Zulu|rand
South Korea|Seoul|Asia|Korean|won
Spain|Madrid|Europe|Spanish|euro
Sweden|Stockholm|Europe|Swedish|krona
Switzerland|Bern|Europe|German and French|franc
Thailand|Bangkok|Asia|Thai|baht
Tunisia|Tunis|Africa|Arabic|dinar
Turkey|Ankara|Asia|Turkish|lira
Ukraine|Kyiv|Europe|Ukrainian|hryvnia
the United Kingdom|London|Europe|English|pound
the United States|Washington, D.C.|North America|English|dollar
Uruguay|Montevideo|South America|Spanish|peso
Venezuela|Caracas|South America|Spanish|bolívar
Vietnam|Hanoi|Asia|Vietnamese|dong
""")

OPPOSITES = pairs("""
hot:cold, big:small, tall:short, fast:slow, happy:sad, old:young, new:old, good:bad, light:dark, heavy:light, hard:soft,
early:late, rich:poor, strong:weak, open:closed, full:empty, wet:dry, clean:dirty, loud:quiet, high:low, near:far, wide:narrow,
thick:thin, deep:shallow, long:short, easy:difficult, true:false, right:wrong, left:right, up:down, in:out, day:night, black:white,
love:hate, win:lose, buy:sell, push:pull, start:stop, begin:end, come:go, give:take, laugh:cry, remember:forget, always:never,
above:below, before:after, inside:outside, brave:afraid, kind:cruel, polite:rude, safe:dangerous, smooth:rough, sweet:sour,
sharp:blunt, cheap:expensive, alive:dead, friend:enemy, war:peace, summer:winter, north:south, east:west, first:last, more:less,
all:none, cheerful:gloomy, simple:complex, generous:selfish, lazy:active, noisy:silent, ugly:beautiful, wise:foolish
""")

SYNONYMS = pairs("""
happy:glad, sad:unhappy, big:large, small:little, fast:quick, smart:clever, angry:mad, begin:start, end:finish, beautiful:lovely,
scared:afraid, tired:sleepy, funny:amusing, rich:wealthy, ill:sick, strange:odd, hard:difficult, easy:simple, quiet:silent,
loud:noisy, help:assist, buy:purchase, answer:reply, gift:present, house:home, road:street, stone:rock, brave:courageous,
kind:gentle, correct:right, choose:pick, shout:yell, jump:leap, run:sprint, look:watch, speak:talk, think:believe, huge:enormous,
tiny:minute, cold:chilly, hot:warm, wet:damp, old:ancient, new:modern, famous:well-known, important:essential, story:tale,
child:kid, forest:woods, ocean:sea, car:automobile, job:work, mistake:error, idea:thought
""")

PLURALS = pairs("""
cat:cats, dog:dogs, book:books, car:cars, tree:trees, house:houses, apple:apples, bird:birds, girl:girls, boy:boys, table:tables,
chair:chairs, river:rivers, star:stars, king:kings, box:boxes, fox:foxes, bus:buses, glass:glasses, dish:dishes, brush:brushes,
watch:watches, church:churches, peach:peaches, class:classes, city:cities, baby:babies, story:stories, berry:berries, lady:ladies,
party:parties, country:countries, fly:flies, puppy:puppies, family:families, leaf:leaves, wolf:wolves, knife:knives, wife:wives,
life:lives, shelf:shelves, thief:thieves, half:halves, child:children, man:men, woman:women, foot:feet, tooth:teeth, goose:geese,
mouse:mice, person:people, ox:oxen, sheep:sheep, fish:fish, deer:deer, potato:potatoes, tomato:tomatoes, hero:heroes, echo:echoes,
cactus:cacti, day:days, key:keys, monkey:monkeys, toy:toys, piano:pianos, photo:photos
""")

PASTS = pairs("""
go:went, eat:ate, see:saw, run:ran, come:came, take:took, give:gave, make:made, know:knew, think:thought, find:found, buy:bought,
bring:brought, catch:caught, teach:taught, write:wrote, read:read, speak:spoke, break:broke, drive:drove, ride:rode, rise:rose,
sing:sang, swim:swam, drink:drank, begin:began, sit:sat, stand:stood, understand:understood, tell:told, sell:sold, say:said,
pay:paid, feel:felt, keep:kept, sleep:slept, leave:left, meet:met, send:sent, spend:spent, build:built, lose:lost, win:won, fly:flew,
grow:grew, throw:threw, draw:drew, wear:wore, forget:forgot, get:got, hear:heard, hold:held, cut:cut, put:put, walk:walked,
talk:talked, play:played, work:worked, jump:jumped, cook:cooked, clean:cleaned, help:helped, like:liked, love:loved, live:lived,
dance:danced, study:studied, carry:carried, try:tried, stop:stopped, plan:planned
""")

# base | comparative | superlative
DEGREES = table("""
big|bigger|biggest
small|smaller|smallest
fast|faster|fastest
slow|slower|slowest
tall|taller|tallest
short|shorter|shortest
old|older|oldest
young|younger|youngest
hot|hotter|hottest
cold|colder|coldest
happy|happier|happiest
easy|easier|easiest
funny|funnier|funniest
heavy|heavier|heaviest
strong|stronger|strongest
good|better|best
bad|worse|worst
far|farther|farthest
nice|nicer|nicest
large|larger|largest
clean|cleaner|cleanest
rich|richer|richest
thin|thinner|thinnest
beautiful|more beautiful|most beautiful
expensive|more expensive|most expensive
interesting|more interesting|most interesting
""")

# English | French | Spanish | German
WORDS = table("""
hello|bonjour|hola|hallo
goodbye|au revoir|adiós|auf Wiedersehen
thank you|merci|gracias|danke
please|s'il vous plaît|por favor|bitte
yes|oui|sí|ja
no|non|no|nein
water|eau|agua|Wasser
bread|pain|pan|Brot
milk|lait|leche|Milch
cheese|fromage|queso|Käse
apple|pomme|manzana|Apfel
house|maison|casa|Haus
dog|chien|perro|Hund
cat|chat|gato|Katze
bird|oiseau|pájaro|Vogel
fish|poisson|pez|Fisch
horse|cheval|caballo|Pferd
book|livre|libro|Buch
tree|arbre|árbol|Baum
flower|fleur|flor|Blume
sun|soleil|sol|Sonne
moon|lune|luna|Mond
star|étoile|estrella|Stern
sea|mer|mar|Meer
mother|mère|madre|Mutter
father|père|padre|Vater
brother|frère|hermano|Bruder
sister|sœur|hermana|Schwester
friend|ami|amigo|Freund
child|enfant|niño|Kind
man|homme|hombre|Mann
woman|femme|mujer|Frau
day|jour|día|Tag
night|nuit|noche|Nacht
red|rouge|rojo|rot
blue|bleu|azul|blau
green|vert|verde|grün
white|blanc|blanco|weiß
black|noir|negro|schwarz
one|un|uno|eins
two|deux|dos|zwei
three|trois|tres|drei
big|grand|grande|groß
small|petit|pequeño|klein
good|bon|bueno|gut
love|amour|amor|Liebe
school|école|escuela|Schule
city|ville|ciudad|Stadt
""")

COLOURS = pairs("""
the sky:blue, grass:green, snow:white, coal:black, a banana:yellow, a tomato:red, a lemon:yellow, a carrot:orange, milk:white,
chocolate:brown, blood:red, a frog:green, the sun:yellow, an orange:orange, a cucumber:green, a strawberry:red, a crow:black,
a polar bear:white, an elephant:gray, a flamingo:pink, salt:white, an eggplant:purple, a cherry:red, a pea:green, the sea:blue
""")

YOUNG = pairs("""
dog:puppy, cat:kitten, cow:calf, horse:foal, sheep:lamb, goat:kid, pig:piglet, hen:chick, duck:duckling, goose:gosling, lion:cub,
bear:cub, frog:tadpole, deer:fawn, kangaroo:joey, owl:owlet, swan:cygnet, alpaca:cria, fox:cub, elephant:calf, whale:calf
""")

SOUNDS = pairs("""
dog:barks, cat:meows, cow:moos, sheep:baas, duck:quacks, pig:oinks, horse:neighs, lion:roars, bee:buzzes, snake:hisses, rooster:crows,
owl:hoots, frog:croaks, wolf:howls, bird:sings, mouse:squeaks, donkey:brays, goose:honks, alpaca:hums, elephant:trumpets
""")

KINDS = {
    "fruit": "apple, banana, orange, pear, grape, cherry, mango, peach, plum, lemon, kiwi, melon",
    "vegetable": "carrot, potato, onion, cabbage, spinach, pea, bean, cucumber, broccoli, lettuce",
    "animal": "dog, cat, horse, cow, lion, tiger, bear, elephant, fox, wolf, alpaca, rabbit",
    "bird": "eagle, owl, parrot, crow, penguin, duck, swan, robin, sparrow, pigeon",
    "color": "red, blue, green, yellow, purple, pink, brown, white, black, gray",
    "instrument": "piano, guitar, violin, drum, flute, trumpet, harp, cello",
    "sport": "football, tennis, basketball, swimming, hockey, golf, rugby, baseball",
    "vehicle": "car, bus, train, bicycle, truck, boat, plane, motorcycle",
    "tool": "hammer, saw, drill, screwdriver, wrench, axe, shovel",
    "flower": "rose, tulip, daisy, lily, sunflower, orchid, violet",
    "planet": "Mercury, Venus, Earth, Mars, Jupiter, Saturn, Uranus, Neptune",
    "metal": "iron, gold, silver, copper, tin, lead, zinc",
    "drink": "water, tea, coffee, juice, milk, lemonade, cocoa",
    "job": "teacher, doctor, baker, farmer, pilot, nurse, painter, cook",
}
KINDS = {kind: members.split(", ") for kind, members in KINDS.items()}
KIND_PLURALS = {"fruit": "fruits", "color": "colors"} | {
    kind: kind + "s" for kind in KINDS if kind not in ("fruit", "color")
}

# thing counted | number
COUNTS = pairs("""
days are in a week:7, days are in a year:365, hours are in a day:24, minutes are in an hour:60, seconds are in a minute:60,
months are in a year:12, legs does a spider have:8, legs does a dog have:4, legs does an insect have:6, legs does a bird have:2,
sides does a triangle have:3, sides does a square have:4, sides does a hexagon have:6, wheels does a car have:4,
wheels does a bicycle have:2, strings does a guitar have:6, strings does a violin have:4, letters are in the alphabet:26,
planets are in the solar system:8, continents are there:7, fingers do people have:10, seasons are in a year:4,
players are in a football team:11, weeks are in a year:52, arms does an octopus have:8, centimeters are in a meter:100
""")

# question part | answer
TRIVIA = table("""
wrote Romeo and Juliet|William Shakespeare wrote Romeo and Juliet.
wrote Hamlet|William Shakespeare wrote Hamlet.
wrote Don Quixote|Miguel de Cervantes wrote Don Quixote.
painted the Mona Lisa|Leonardo da Vinci painted the Mona Lisa.
discovered gravity|Isaac Newton discovered gravity.
invented the telephone|Alexander Graham Bell invented the telephone.
invented the light bulb|Thomas Edison invented the light bulb.
discovered penicillin|Alexander Fleming discovered penicillin.
was the first person on the moon|Neil Armstrong was the first person on the moon.
was the first president of the United States|George Washington was the first president of the United States.
wrote Pride and Prejudice|Jane Austen wrote Pride and Prejudice.
developed the theory of relativity|Albert Einstein developed the theory of relativity.
composed the Ninth Symphony|Ludwig van Beethoven composed the Ninth Symphony.
painted The Starry Night|Vincent van Gogh painted The Starry Night.
was the president of Mexico in 2019|Andrés Manuel López Obrador was the president of Mexico in 2019.
wrote Harry Potter|J. K. Rowling wrote Harry Potter.
""")

SUPERLATIVES = table("""
largest planet|The largest planet is Jupiter.
smallest planet|The smallest planet is Mercury.
largest ocean|The largest ocean is the Pacific Ocean.
longest river|The longest river is the Nile.
highest mountain|The highest mountain is Mount Everest.
largest country|The largest country is Russia.
smallest country|The smallest country is Vatican City.
largest animal|The largest animal is the blue whale.
fastest land animal|The fastest land animal is the cheetah.
tallest animal|The tallest animal is the giraffe.
largest desert|The largest desert is Antarctica.
largest continent|The largest continent is Asia.
smallest continent|The smallest continent is Australia.
hottest planet|The hottest planet is Venus.
largest bird|The largest bird is the ostrich.
""")

EXPLAINED = table("""
a volcano|A volcano is a mountain that can erupt with hot lava and ash.
photosynthesis|Photosynthesis is how plants use sunlight to make their food.
gravity|Gravity is the force that pulls things toward each other.
a computer|A computer is a machine that works with information.
the internet|The internet is a network that connects computers all over the world.
an island|An island is land with water all around it.
a desert|A desert is a very dry place where little rain falls.
a rainbow|A rainbow is an arc of colors that appears when the sun shines through rain.
a planet|A planet is a large round body that moves around a star.
democracy|Democracy is a system in which the people choose their leaders.
electricity|Electricity is energy that flows through wires and powers machines.
a library|A library is a place where people can read and borrow books.
a dictionary|A dictionary is a book that explains what words mean.
a virus|A virus is a tiny thing that can make living beings ill.
an atom|An atom is the smallest part of an element.
a galaxy|A galaxy is a very large group of stars.
a glacier|A glacier is a river of ice that moves very slowly.
recycling|Recycling means making new things from old materials.
a robot|A robot is a machine that can do work by itself.
a mammal|A mammal is an animal that feeds its young with milk.
an alpaca|An alpaca is a gentle animal from South America with soft wool.
a llama|A llama is an animal from South America that carries loads and gives wool.
history|History is the study of the past.
music|Music is the art of making pleasant sounds.
a forest|A forest is a large area full of trees.
""")

RHYMES = [group.split() for group in """
cat hat bat mat rat
shock rock clock lock sock
day play way say stay
light night right sight bright
tree free bee see sea
house mouse blouse
star car far jar
moon soon spoon noon
rain train plane brain
ring sing king spring
ball tall wall fall
cake lake make snake
boat coat goat note
dog fog log frog
""".strip().split("\n")]

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
