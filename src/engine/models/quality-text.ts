// The text that perplexity is measured on: plain prose of several kinds, written for Pronk, so that no model has seen it.

export const QUALITY_TEXT = `The ferry to the island leaves twice a day, once before the bakery opens and once after the school has closed. In winter it is often late, because the harbour master waits until the wind has made up its mind. People bring flasks of tea and talk about the weather as if it were a neighbour with bad manners.

On Tuesday a woman came aboard with a crate of bees. She had bought them from a farmer in the hills, who told her that they were calm as long as nobody sang. The captain, who sang every morning, was asked to hum instead. He hummed all the way across, and when they arrived he said that it had been the longest hour of his life.

The island has one road, two shops and a lighthouse that was built in 1871. Its lamp was once fed with oil and needed a keeper day and night; today a small motor turns it, and a computer in the capital knows when a bulb has failed. The last keeper still lives next door. Every evening at dusk he goes to the window and counts the seconds between the flashes. If there are ten, he is content and puts the kettle on.

To make bread as they do there, mix five hundred grams of flour with three hundred grams of water, a spoon of salt and a little yeast. Let the dough rest until it has doubled, fold it, and let it rest again. Bake it in a hot oven until the crust is dark and sounds hollow when you knock on it. Wait before you cut it. Nobody ever waits.
`;
