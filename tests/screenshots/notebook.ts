/** The cells of the notebook the pictures show, by name. */
export const CELLS = {
  fit: `import time

for fold in range(1, 9):
    print(f'fold {fold} of 8: error {0.5 / fold:.3f}', flush=True)
    time.sleep(0.4)
errors = [0.5 / fold for fold in range(1, 9)]`,
  plot: `import matplotlib.pyplot as plt

plt.figure(figsize=(6, 3.2))
plt.plot(range(1, 9), errors, marker='o')
plt.xlabel('folds')
plt.ylabel('error')
plt.show()`,
  table: `import pandas as pd

stations = pd.DataFrame({
    'station': ['Harbour', 'Airport', 'Hill', 'Old town'],
    'temperature_mean': [8.41, 7.96, 5.12, 8.87],
    'temperature_max': [19.2, 18.7, 15.3, 20.1],
    'rain_mm': [41.3, 38.0, 62.8, 40.2],
    'wind_max_kmh': [74.1, 88.3, 97.6, 61.0],
    'days_with_frost': [3, 4, 11, 2],
})
stations`,
  broken: `def rate(row):
    return row['rain'] / row['days']

def report(rows):
    return [rate(row) for row in rows]

report([{'rain': 41.3, 'days': 30}, {'rain_mm': 38.0}])`,
  long: `import time

for step in range(1, 121):
    print('step', step, 'of 120', flush=True)
    time.sleep(0.5)`,
  sum: `print(f'Mean error over {len(errors)} folds: {sum(errors) / len(errors):.3f}')`,
} as const;

const fenced = (code: string): string => `\`\`\`python\n${code}\n\`\`\`\n`;

/** The whole document. */
export const NOTEBOOK = `---
title: Weather report
---

How well the model does, and where it rained.

${Object.values(CELLS).map(fenced).join('\n')}
Written on the train.
`;

/** Where a cell stands in the document, from 0. */
export const cellAt = (name: keyof typeof CELLS): number => Object.keys(CELLS).indexOf(name);
