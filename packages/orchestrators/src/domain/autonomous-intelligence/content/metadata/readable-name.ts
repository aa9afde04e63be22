const KNOWN_EXTENSION = /\.(?:vtt|srt|te?xt|md|markdown|html?|xhtml|xml|rss|atom|rdf|json|feed)$/iu;

/**
 * A file name or last path segment as a title: `2021-04-05-why-simplicity.html` becomes `Why Simplicity`.
 * A day in front goes, dashes and underscores are spaces, small letters at the beginning of words grow.
 */
export function readableName(name: string): string {
  const plain = decoded(name.replace(/[?#].*$/su, '')).slice(0, 200);
  const bare = stripExtensions(plain).replace(/^\d{4}-\d{2}-\d{2}[-_ ]+(?=.)/u, '');
  const words = bare.split(/[\s_+-]+/u).filter((word) => word !== '');
  const title = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ');
  return title === '' ? 'Untitled' : title;
}

function stripExtensions(name: string): string {
  const once = name.replace(KNOWN_EXTENSION, '');
  return once === '' ? name : once.replace(KNOWN_EXTENSION, '') || once;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
