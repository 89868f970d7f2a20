// Draws the pictures of the drill: faces that belong to nobody, marked as an exercise in the picture itself.
// Run by hand from the root of the repository: node config/drill/draw.mjs
import sharp from 'sharp';

const face = ({ sky, skin, hair, shirt, eyes, hairShape, mark = '' }) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 800">
  <rect width="600" height="800" fill="${sky}"/>
  ${hairShape.back(hair)}
  <path d="M110 800c0-150 80-200 190-200s190 50 190 200z" fill="${shirt}"/>
  <rect x="250" y="520" width="100" height="110" rx="45" fill="${skin}"/>
  <ellipse cx="300" cy="380" rx="150" ry="180" fill="${skin}"/>
  <ellipse cx="150" cy="390" rx="22" ry="34" fill="${skin}"/><ellipse cx="450" cy="390" rx="22" ry="34" fill="${skin}"/>
  ${hairShape.front(hair)}
  <ellipse cx="240" cy="380" rx="24" ry="17" fill="#fff"/><ellipse cx="360" cy="380" rx="24" ry="17" fill="#fff"/>
  <circle cx="240" cy="380" r="14" fill="${eyes}"/><circle cx="360" cy="380" r="14" fill="${eyes}"/>
  <circle cx="240" cy="380" r="6"/><circle cx="360" cy="380" r="6"/>
  <path d="M208 345q32-20 64 0M328 345q32-20 64 0" stroke="${hair}" stroke-width="8" fill="none" stroke-linecap="round"/>
  ${mark}
  <path d="M300 395q-14 45 4 50" stroke="#00000055" stroke-width="6" fill="none" stroke-linecap="round"/>
  <path d="M240 475q60 45 120 0" stroke="#a33" stroke-width="9" fill="none" stroke-linecap="round"/>
  <rect y="690" width="600" height="110" fill="#6a1b9a"/>
  ${letters('VEŽBA', 300, 775, 84)}
  <rect width="600" height="64" fill="#6a1b9a"/>
  ${letters('ВЕЖБА · EXERCISE', 300, 46, 40)}
</svg>`;

const letters = (text, x, y, size) => `<text x="${x}" y="${y}" font-family="DejaVu Sans, Arial, sans-serif" font-weight="bold" font-size="${size}" fill="#fff" text-anchor="middle">${text}</text>`;

const long = {
  back: (hair) => `<path d="M120 420c-40-240 80-290 180-290s220 50 180 290c20 90 20 170-40 200H160c-60-30-60-110-40-200z" fill="${hair}"/>`,
  front: (hair) => `<path d="M150 350c10-110 70-150 150-150s140 40 150 150c-40-60-90-90-150-80-70 10-110 30-150 80z" fill="${hair}"/>`,
};
const short = {
  back: () => '',
  front: (hair) => `<path d="M148 380c-20-170 70-215 152-215s172 45 152 215c-12-60-30-90-60-105-70 20-130 15-180-5-34 20-52 50-64 110z" fill="${hair}"/>`,
};

const PICTURES = {
  'minimal.jpg': { sky: '#cfe8f5', skin: '#f1c9a5', hair: '#3b2a1a', shirt: '#2e7d32', eyes: '#5d4037', hairShape: short },
  'full.jpg': { sky: '#fdeecb', skin: '#f6d2b3', hair: '#7a4a21', shirt: '#c62828', eyes: '#2e7d32', hairShape: long, mark: '<circle cx="372" cy="316" r="6" fill="#5d3a1a"/>' },
};

for (const [name, look] of Object.entries(PICTURES)) {
  const { size } = await sharp(Buffer.from(face(look))).resize(600).flatten().jpeg({ quality: 80 }).toFile(new URL(name, import.meta.url).pathname);
  console.log(`${name} ${size} octets`);
}
