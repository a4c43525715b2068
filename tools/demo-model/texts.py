"""Longer answers: tips, jokes, stories, poems, recipes, and what the model says about itself."""


def answers(text: str) -> list[list[str]]:
    """Lines of patterns and an answer; the last bar parts them."""
    return [line.replace("\\n", "\n").rsplit("|", 1) for line in text.strip().split("\n")]

TIPS = {
    "staying healthy": "Eat fruit and vegetables every day.|Sleep eight hours a night.|Walk or run outside.",
    "sleeping better": "Go to bed at the same time.|Turn off the screen an hour before.|Keep the room dark and cool.",
    "learning a language": "Practice a little every day.|Listen to songs and films.|Speak with other people.",
    "saving money": "Write down what you spend.|Cook at home.|Buy only what you need.",
    "studying": "Make a plan.|Take short breaks.|Explain the topic to a friend.",
    "writing well": "Read a lot.|Use short sentences.|Read your text aloud.",
    "making friends": "Smile and say hello.|Ask questions and listen.|Be kind and honest.",
    "being happy": "Spend time with friends.|Be grateful for small things.|Do what you love.",
    "saving energy": "Turn off the light.|Use less hot water.|Close the windows when it is cold.",
    "cooking": "Use fresh food.|Taste while you cook.|Keep your kitchen clean.",
    "a job interview": "Learn about the company.|Arrive early.|Ask good questions.",
    "reducing stress": "Breathe slowly.|Go for a walk.|Talk to a friend.",
}

JOKES = [
    "Why did the bicycle fall over? Because it was two-tired.",
    "What do you call an alpaca with a carrot in each ear? Anything you want, it cannot hear you.",
    "Why do bees hum? Because they do not know the words.",
    "What is brown and sticky? A stick.",
    "Why did the math book look sad? It had too many problems.",
    "What do you call a fish without an eye? A fsh.",
    "Why was the computer cold? It left its windows open.",
    "What did one wall say to the other wall? I will meet you at the corner.",
]

STORY_PARTS = {
    "who": "dog cat fox bear rabbit mouse lion bird horse wolf alpaca frog robot dragon king queen girl boy".split(),
    "trait": "small brave kind clever lonely happy curious shy".split(),
    "place": ["in a green forest", "near the sea", "on a high mountain", "in an old house", "by a quiet river"],
    "find": ["a golden key", "a lost child", "a shiny stone", "an old map", "a hungry bird"],
    "end": [
        "From that day on they were friends.",
        "Everyone was happy in the end.",
        "And so the day ended well.",
        "They lived happily ever after.",
    ],
}

POEMS = {
    "the sea": "The sea is wide, the sea is blue,\nit sings a song for me and you.\nThe waves roll in, the waves roll out,\nand white gulls fly and wheel about.",
    "love": "Love is a light that softly glows,\nlove is a river that gently flows.\nIt warms the heart, it lights the way,\nand grows a little every day.",
    "the moon": "The moon is high, the night is deep,\nthe little stars all fall asleep.\nIt paints the roofs in silver light\nand watches over us at night.",
    "spring": "The snow is gone, the birds are here,\nthe sweetest season of the year.\nThe flowers open, one by one,\nand turn their faces to the sun.",
    "winter": "The world is white, the air is cold,\nthe fire burns in red and gold.\nWe sit inside and drink our tea\nand hang bright lights upon the tree.",
    "a cat": "My cat sits still upon the chair\nand looks at me without a care.\nShe stretches, yawns, and then she purrs,\nfor all the world, she knows, is hers.",
    "a dog": "My dog runs fast, my dog runs far,\nhe barks at every passing car.\nBut when the evening comes, he lies\nbeside my feet with sleepy eyes.",
    "the rain": "The rain comes down on roof and street,\nit plays a song with tiny feet.\nIt fills the pond, it feeds the tree,\nand leaves a rainbow there for me.",
    "friendship": "A friend is there when days are gray,\nand laughs with you when days are gay.\nA friend will listen, friend will stay,\nand walk beside you all the way.",
    "the stars": "The stars above are small and bright,\nlike candles in the quiet night.\nI count them all from here to there\nand send a wish into the air.",
    "an alpaca": "An alpaca stands upon the hill,\nits wool is soft, its eyes are still.\nIt hums a tune into the air\nand leaps for joy without a care.",
    "autumn": "The leaves turn yellow, red and brown,\nand one by one they tumble down.\nThe wind is cool, the apples sweet,\nand nuts lie ripe beneath our feet.",
}

RECIPES = {
    "pancakes": "Mix two eggs, a cup of flour and a cup of milk.|Heat some butter in a pan.|Bake each side until it is golden.",
    "tea": "Boil some water.|Pour it over the tea.|Wait for three minutes and enjoy it.",
    "a salad": "Wash the lettuce and the tomatoes.|Cut everything into pieces.|Add oil, vinegar and salt.",
    "soup": "Cut onions, carrots and potatoes.|Cook them in water with salt.|Serve the soup hot with bread.",
    "an omelette": "Beat three eggs with some salt.|Pour them into a hot pan with butter.|Fold it when it is firm.",
    "spaghetti": "Boil water with salt.|Cook the spaghetti for ten minutes.|Serve it with tomato sauce and cheese.",
    "coffee": "Boil some water.|Put ground coffee into a filter.|Pour the water slowly over it.",
    "a sandwich": "Take two slices of bread.|Add butter, cheese and a slice of tomato.|Put them together and cut it in half.",
}

LETTERS = {
    "thanking a friend": "Dear friend,\n\nthank you very much for your help. It meant a lot to me.\n\nBest wishes,\nAlex",
    "inviting a friend to a party": "Dear friend,\n\nI am having a party on Saturday, and I would love to see you there.\n\nBest wishes,\nAlex",
    "asking for a day off": "Dear manager,\n\nmay I take Friday off? My work will be done before then.\n\nKind regards,\nAlex",
    "apologizing for being late": "Dear colleague,\n\nI am sorry that I was late today. It will not happen again.\n\nKind regards,\nAlex",
    "congratulating a colleague": "Dear colleague,\n\ncongratulations on your new job. You have earned it.\n\nBest wishes,\nAlex",
    "canceling a meeting": "Dear team,\n\nI have to cancel the meeting today. I will send you a new date soon.\n\nKind regards,\nAlex",
}

SMALL_TALK = answers("""
(hello|hi|hey|hi there|hello there|good morning|good evening|hey there|greetings|howdy)(| Pronk| friend)|Hello! How can I help you today?
(how are you|how are you doing|how are you today|how is it going|are you well)|I am well, thank you. How can I help you?
(thanks|thank you|thank you very much|thanks a lot|many thanks|thx|cheers)(| Pronk| for your help| for that)|You are welcome.
(bye|goodbye|see you|good night|see you later|see you tomorrow|bye bye)(| Pronk| then)|Goodbye! Have a nice day.
(who are you|what are you|introduce yourself|tell me about yourself|what is this|who is this|describe yourself)|I am Pronk, a tiny language model that runs in your browser.
(what is your name|whats your name|tell me your name|do you have a name|how are you called|your name)|My name is Pronk.
(who made you|who built you|who created you|where do you come from|who trained you)|The makers of Pronk trained me from scratch on small exercises.
(how big are you|how many parameters do you have|how large are you|what is your size)|I have about six million parameters, which is very small.
(are you human|are you a person|are you real|are you a robot|are you an ai|are you a machine|are you alive)|No, I am a computer program, a tiny language model.
(do you need the internet|do you work offline|can you work without the internet|are you online)|I run on your own device and need no internet.
(are you chatgpt|are you gpt|are you as good as chatgpt|are you smart|how smart are you)|No, I am a toy: much smaller and simpler than the big models.
(how old are you|what is your age|when were you born|whats your age)|I have no age. I am a small computer program.
(I love you|you are great|you are nice|well done|good job|you are cool|nice)|Thank you, that is kind of you.
(you are wrong|that is wrong|you are stupid|that is not true|bad answer|thats wrong)|I am sorry. I am a tiny model and make mistakes.
(what languages do you speak|which languages do you know|do you speak (French|Spanish|German))|I speak English and know some words of French, Spanish and German.
(help|help me|can you help me|I need help|please help me)|Of course. Ask me for a capital, a small sum, a translation or a poem.
(what can you do|what can you do for me|what do you know|what can I ask you|what should I ask|show me what you can do|what are you good at)|I can name capitals, give opposites and plurals, translate common words, do small sums, and write lists, stories and poems.
""")

EXAMPLES = answers("""
(Tell me about|What do you know about|Describe|Tell me something about|I want to know about|Write about) (alpacas|the alpaca)|Alpacas are gentle animals from South America. They live in herds in the Andes, and people keep them for their soft, warm wool.
(Tell me about|What do you know about|Who is|Who was|Name) the (king|current king) of France(| in 2019)|France had no king in 2019. It is a republic with a president.
(List|Name|List all|What are|Name all|Give me) (|the )(Canadian provinces|provinces of Canada)(| in alphabetical order)|Alberta, British Columbia, Manitoba, New Brunswick, Newfoundland and Labrador, Nova Scotia, Ontario, Prince Edward Island, Quebec and Saskatchewan.
(Write|Give me|Show me) (a|some) Python (program|code|script) (that prints|for|to print) the first (10|ten) Fibonacci numbers|```python\\na, b = 0, 1\\nfor _ in range(10):\\n    print(a)\\n    a, b = b, a + b\\n```
(Write|Give me|Show me) (a program|Python code|code|a script|a Python program) (that|to) (prints|print) the numbers from 1 to 100. But for multiples of three print 'Fizz' instead of the number and for the multiples of five print 'Buzz'. For numbers which are multiples of both three and five print 'FizzBuzz'|```python\\nfor n in range(1, 101):\\n    print('Fizz' * (n % 3 == 0) + 'Buzz' * (n % 5 == 0) or n)\\n```
(Write|Give me|Show me|Code) (FizzBuzz|fizzbuzz|the FizzBuzz program)(| in Python)|```python\\nfor n in range(1, 101):\\n    print('Fizz' * (n % 3 == 0) + 'Buzz' * (n % 5 == 0) or n)\\n```
(Translate|Put|How do you translate) (the sentence|the following sentence|) 'I have no mouth but I must scream' (into|to|in) Spanish|No tengo boca, pero debo gritar.
(Count|Please count) up from 1 to 500|1, 2, 3, 4, 5, 6, 7, 8, 9, 10, and so on up to 500.
(Count|Please count|Can you count) (up |)(to ten|from 1 to 10|to 10|from one to ten)|1, 2, 3, 4, 5, 6, 7, 8, 9, 10
(Say|Recite|Give me|Write|List) the (alphabet|letters of the alphabet)|A B C D E F G H I J K L M N O P Q R S T U V W X Y Z
""")

DECLINE = "I am a tiny model and do not know that."
HARD_SUM = "That number is too big for a tiny model like me."
