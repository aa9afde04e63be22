/** What is ordered in every case that has params; a file of its own, so that who needs no class-validator loads none. */
export const order = { sku: 'KP-1000', quantity: 3, express: true, region: 'eu', note: 'ring twice' };
