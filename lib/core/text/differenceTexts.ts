// One difference between venue and book in words, by its key (lib/core/bookComparison.ts).

export const differenceEn = (key: string): string => {
  const [kind, id] = key.split(":");
  switch (kind) {
    case "position":
      return `position ${id} at the exchange is not in our book`;
    case "size":
      return `position ${id} has another size at the exchange`;
    case "order":
      return `order ${id} at the exchange is not ours`;
    case "execution":
      return `execution ${id} differs`;
    case "coins":
      return `the account has fewer ${id} than our trades hold`;
    default:
      return key;
  }
};
export const differenceJa = (key: string): string => {
  const [kind, id] = key.split(":");
  switch (kind) {
    case "position":
      return `取引所の建玉 ${id} が帳簿にありません`;
    case "size":
      return `建玉 ${id} の数量が取引所と異なります`;
    case "order":
      return `取引所の注文 ${id} は本システムのものではありません`;
    case "execution":
      return `約定 ${id} が一致しません`;
    case "coins":
      return `口座の ${id} が取引の保有数量より少なくなっています`;
    default:
      return key;
  }
};
